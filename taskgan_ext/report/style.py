"""The style sheet of the report page."""

STYLE = """
:root{color-scheme:light dark;--ink:#1c2126;--soft:#5d666f;--rule:#d5d9dd;--paper:#fff;--tint:#f5f6f8;
--accent:#0b5cad;--warn:#8a4b00}
@media (prefers-color-scheme:dark){:root{--ink:#d9dde1;--soft:#949da6;--rule:#3a4046;--paper:#15181b;
--tint:#1d2125;--accent:#6db3f2;--warn:#e0a458}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:68rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:1.75rem;line-height:1.2;font-weight:650;letter-spacing:-.01em;margin:0}
h2{font-size:1.15rem;font-weight:650;margin:0 0 .9rem}
h3{font-size:.95rem;font-weight:600;margin:0 0 .6rem}
header{padding-bottom:1.4rem}
section{border-top:1px solid var(--rule);padding:1.6rem 0 1.8rem}
.facts{color:var(--soft);margin:.4rem 0 0}
.notice{color:var(--warn);font-weight:600;margin:.5rem 0 0}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;min-width:min(100%,34rem)}
th,td{padding:.36rem 0 .36rem 1.4rem;text-align:right;white-space:nowrap;vertical-align:baseline}
th{font-weight:600;color:var(--soft);border-bottom:1px solid var(--rule)}
th{white-space:normal;vertical-align:bottom}
td{border-bottom:1px solid var(--tint)}
.cases table{font-size:.8rem}
.cases th,.cases td{padding-left:.8rem}
.cases th{line-height:1.3}
th.text,td.text{text-align:left;padding-left:0;padding-right:1.2rem}
.better,.sd{color:var(--soft)}
.better{font-size:.85em;padding-left:.15em}
.groups table{min-width:0;font-size:.85rem}
.groups th,.groups td{padding-left:1rem}
.groups th.text,.groups td.text{padding-left:0}
.groups th:first-child,.groups td:first-child{min-width:6rem}
.groups tr:last-child td{border-top:1px solid var(--rule)}
.groups .sd{font-size:.88em}
details{margin-top:1rem}
summary{cursor:pointer;color:var(--accent);font-size:.9rem;margin-bottom:.5rem}
article+article{margin-top:2rem}
figure{margin:0}
figcaption{color:var(--soft);font-size:.8rem;margin-top:.35rem}
img{display:block;width:100%;height:auto}
.pictures{display:grid;grid-template-columns:repeat(5,1fr);gap:.6rem}
.pictures img{border-radius:2px;outline:1px solid var(--rule);outline-offset:-1px}
.sheet{display:grid;grid-template-columns:6.5rem repeat(var(--columns),minmax(5.5rem,1fr));gap:.4rem;
min-width:calc(6.5rem + var(--columns)*5.9rem)}
.sheet .head{align-self:end;color:var(--soft);font-size:.8rem;line-height:1.25}
.sheet .group{align-self:center;font-size:.9rem;overflow-wrap:anywhere}
.sheet .group span{display:block;color:var(--soft);font-size:.75rem;line-height:1.35}
.sheet img{border-radius:2px;outline:1px solid var(--rule);outline-offset:-1px}
.confusion{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:1.2rem 2rem}
.confusion table{min-width:0;font-size:.82rem}
.confusion caption{text-align:left;color:var(--soft);padding-bottom:.4rem}
.confusion th,.confusion td{padding:.36rem .55rem;text-align:center}
.confusion th{min-width:3.4rem}
.confusion th.text{text-align:left;padding-left:0;border-bottom-color:var(--tint);
color:var(--ink);font-weight:400}
.confusion .none{color:var(--rule)}
.confusion .right{background:color-mix(in srgb,var(--accent) calc(var(--share)*45%),transparent)}
.confusion .wrong{background:color-mix(in srgb,var(--warn) calc(var(--share)*45%),transparent)}
.bars{display:grid;grid-template-columns:3fr 2fr;gap:.6rem;margin-top:.9rem}
.bar{max-width:20rem;font-size:.78rem;color:var(--soft)}
.bar img{height:.6rem;margin:.2rem 0;border-radius:1px;outline:1px solid var(--rule);outline-offset:-1px}
.ticks{display:flex;justify-content:space-between;font-variant-numeric:tabular-nums}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:2rem 1.5rem}
.figures figure{max-width:32rem}
dl{margin:0;font-size:.9rem}
dt{font-weight:600;margin-top:.7rem}
dd{margin:.1rem 0 0;color:var(--soft);max-width:52rem}
section>p{color:var(--soft);font-size:.9rem;margin:0 0 .8rem}
section>div+p{margin-top:.9rem}
code{font:.85em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media (max-width:44rem){main{padding:1.5rem 1rem 3rem}
.pictures{grid-template-columns:repeat(6,1fr)}
.pictures figure{grid-column:span 2}.pictures figure:nth-child(n+4){grid-column:span 3}
.bars{grid-template-columns:1fr}
table{font-size:.85rem}th,td{padding-left:.8rem}
.summary td.text{white-space:normal;padding-right:0}.summary .sd,.groups .sd{display:block;font-size:.85em}}
@media print{main{max-width:none;padding:0}section{break-inside:avoid}}
"""
