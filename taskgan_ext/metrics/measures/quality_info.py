"""How tables show PSNR, SSIM, NRMSE and RMSE, whatever they are taken over; each wants its definition."""

from functools import partial

from taskgan_ext.io.evaluation_files import MetricInfo

psnr_info = partial(MetricInfo, "PSNR", unit="dB", digits=2, better="higher", headline=True, plot="paired")
ssim_info = partial(MetricInfo, "SSIM", better="higher", headline=True)
nrmse_info = partial(MetricInfo, "NRMSE", better="lower", headline=True)
rmse_info = partial(MetricInfo, "RMSE", better="lower", headline=True)
