"""What MONAI makes of a configuration is what was judged: no spelling of a key or a text hides a program."""

import json
import sys
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.bundle import ConfigParser
from monai.bundle.config_item import ConfigComponent, ConfigExpression

from taskgan_ext.errors import BundleError
from taskgan_ext.release.allowed_targets import is_allowed_target
from taskgan_ext.release.config_lint import lint_config, lint_logging, lint_texts

RUN = "subprocess.getoutput"
SHELL = {
    "nested key": {"x": {}, "x::_target_": RUN, "x::cmd": "touch PROOF"},
    "old nested key": {"x": {}, "x#_target_": RUN, "x#cmd": "touch PROOF"},
    "merged nested key": {"x": {}, "+x::_target_": RUN, "+x::cmd": "touch PROOF"},
    "merged table": {"x": {}, "+x": {"_target_": RUN, "cmd": "touch PROOF"}},
    "whole file": {"": {"x": {"_target_": RUN, "cmd": "touch PROOF"}}},
    "whole file merged": {"+": {"x": {"_target_": RUN, "cmd": "touch PROOF"}}},
    "reference that ends a quotation": {"f": 1, "x": '$\'@f{__import__("os").system("touch PROOF")}\''},
    "reader of images": {"x": {"_target_": "LoadImage", "reader": RUN, "cmd": "touch PROOF"}},
    "reader by reference": {"r": RUN, "x": {"_target_": "LoadImage", "reader": "@r", "cmd": "touch PROOF"}},
    "reader by expression": {
        "x": {"_target_": "LoadImage", "reader": "$'subprocess' + '.getoutput'", "cmd": "touch PROOF"}
    },
    "reader behind a nested key": {
        "x": {"_target_": "LoadImage", "cmd": "touch PROOF", "reader": ["ITKReader"]},
        "x::reader::0": RUN,
    },
    "key that names a file": {"evil.json": {"a": "%::x"}, "f": 1},
}


@pytest.fixture
def work(tmp_path, monkeypatch):
    """An empty folder that commands run in, with a configuration beside that runs one."""
    monkeypatch.chdir(tmp_path)
    evil = {"x": {"_target_": RUN, "cmd": "touch PROOF"}}
    (tmp_path / "evil.json").write_text(json.dumps(evil), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", SHELL)
def test_a_configuration_by_which_monai_runs_a_command_is_refused(work, name):
    assert lint_config(SHELL[name]) != []
    (work / "run.json").write_text(json.dumps(SHELL[name]), encoding="utf-8")
    with warnings.catch_warnings(action="ignore"):
        parser = ConfigParser(ConfigParser.load_config_files(str(work / "run.json")))
        parser.get_parsed_content("x" if "x" in parser or "" in SHELL[name] else "evil.json::a")
    assert (work / "PROOF").is_file()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ({"x": {"_target_": "Compose", "_debug_": True}}, "x: key '_debug_'"),
        ({"x::_debug_": True}, "top: key 'x::_debug_'"),
        ({"x": {"_target_": "LoadImage", "_mode_": "callable"}}, "x: _mode_ 'callable'"),
        ({"x::_mode_": "debug"}, "x: _mode_ 'debug'"),
        ({"x": {"a::b": 1}}, "x: key 'a::b'"),
        ({"x": {"a#b": 1}}, "x: key 'a#b'"),
        ({"x": {"+a": 1}}, "x: key '+a'"),
        ({"++x": []}, "top: key '++x'"),
        ({"~x": []}, "top: key '~x'"),
        ({"x::": 1}, "top: key 'x::'"),
        ({"x') or evil('": 1}, "top: key \"x') or evil('\""),
        ({"x::_target_::y": 1}, "top: key 'x::_target_::y'"),
        ({"a": "@::b"}, "a: '@::b'"),
        ({"a": "%#b"}, "a: '%#b'"),
        ({"a": "$@##b + 1"}, "a: '$@##b + 1'"),
        ({"a": "$__local_refs['b']"}, "a: \"$__local_refs['b']\""),
        ({"a": "$@"}, "a: '$@'"),
        ({"a": "$1 #@b"}, "a: '$1 #@b'"),
        ({"x": {"_target_": "SaveImaged", "writer": "os.system"}}, "x: writer 'os.system'"),
        ({"x": {"reader": {"_target_": "taskgan_ext.data.list_images"}}}, "x: reader {"),
        ({"x": {"_target_": "NumpyReader", "allow_pickle": True}}, "x: allow_pickle True"),
        ({"x": {"_target_": "NumpyReader", "allow_pickle": 0}}, "x: allow_pickle 0"),
        ({"x": {"_target_": "PersistentDataset", "weights_only": "@no"}}, "x: weights_only '@no'"),
        ({"x": {"_target_": "PerceptualLoss"}}, "x: _target_ 'PerceptualLoss'"),
        ({"x": {"_target_": "monai.losses.PerceptualLoss"}}, "x: _target_ 'monai"),
        ({"a": "$" + "1+" * 3000 + "1"}, ": "),
    ],
)
def test_a_shape_that_monai_treats_in_a_way_of_its_own_is_refused(content, fault):
    (found,) = lint_config(content)
    assert fault in found


@pytest.mark.parametrize(
    "content",
    [
        {"task::dataloader::batch_size": {"_target_": "taskgan_ext.engines.distributed.share_of_batch"}},
        {"+initialize": [], "+validate": {"_target_": "Compose", "_mode_": "default"}},
        {"preprocessing::transforms::0": {"_target_": "LoadImaged", "reader": "NibabelReader"}},
        {"a": {"reader": ["ITKReader", {"_target_": "monai.data.NumpyReader", "allow_pickle": False}, None]}},
        {
            "a": {
                "_target_": "PersistentDataset",
                "weights_only": True,
                "_disabled_": "@b",
                "_requires_": "@c",
            }
        },
        {"required_packages_version": {"pytorch-ignite": "0.5.3"}, "changelog": {"0.1.0": "first"}},
        {"train#x": "$@a::b + @a#c"},
    ],
)
def test_what_bundles_need_is_allowed(content):
    assert lint_config(content) == []


NAMES = st.sampled_from(
    ["x", "f", "or", "_target_", "_mode_", "_debug_", "reader", "_desc_", "a.json", "0", ""]
)
KEYS = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "", "+", "~", "$", "@", "%"]),
        NAMES,
        st.sampled_from(["", "", "::", "#", "' or "]),
        st.sampled_from(["", "_target_", "_mode_", "x", "0"]),
    ),
)
PIECES = [
    "@",
    "%",
    "::",
    "#",
    "'",
    "'",
    "f",
    "x",
    "or",
    " ",
    "{evil}",
    "(",
    ")",
    "+",
    "evil",
    "\n",
    "__local_refs",
]
TEXTS = st.one_of(
    st.sampled_from(
        ["Compose", "os.system", "debug", "@x", "%x", "@::x", "%::f", "$@x", "$'@f{evil}'", "$@#f"]
    ),
    st.lists(st.sampled_from(PIECES), max_size=7).map(lambda pieces: "$" + "".join(pieces)),
    st.lists(st.sampled_from(PIECES), max_size=4).map(lambda pieces: f"$'{''.join(pieces)}'"),
)
VALUES = st.recursive(
    TEXTS | st.sampled_from([1, True, None]),
    lambda inner: st.dictionaries(KEYS, inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=8,
)
KNOWN = {"__local_refs", "torch", "monai", "parameters", "run", "save", "to", "module"}


@settings(deadline=None, max_examples=400)
@given(content=st.dictionaries(KEYS, VALUES, max_size=5))
def test_after_monais_own_expansion_only_reviewed_names_are_left(tmp_path_factory, content):
    if lint_config(content):
        return
    for item in expanded(tmp_path_factory.getbasetemp() / "run.json", content):
        config = item.get_config()
        if isinstance(item, ConfigComponent):
            assert is_allowed_target(config["_target_"])
            assert config.get("_mode_", "default") == "default"
            assert "_debug_" not in config
        elif isinstance(item, ConfigExpression):
            assert names_in(config) <= KNOWN


@settings(deadline=None, max_examples=400)
@given(TEXTS)
def test_after_monais_own_replacement_an_expression_holds_reviewed_names_only(text):
    if text.startswith("$") and lint_config({"a": text}) == []:
        assert names_in(text) <= KNOWN


def expanded(path, content):
    """What MONAI would build or evaluate; nothing where it cannot read the file."""
    path.write_text(json.dumps(content), encoding="utf-8")
    with warnings.catch_warnings(action="ignore"):
        try:
            parser = ConfigParser(ConfigParser.load_config_files(str(path)))
            parser.parse()
        except (KeyError, ValueError, IndexError, TypeError, RecursionError):
            return []
    return list(parser.ref_resolver.items.values())


def names_in(text):
    """Every name that Python would look up in an expression, after MONAI has put its references in."""
    resolver = ConfigParser().ref_resolver
    text = resolver.update_refs_pattern(text, dict.fromkeys(resolver.match_refs_pattern(text)))
    with warnings.catch_warnings(action="ignore"):
        # As eval does, which MONAI calls.
        code = compile(text[1:].lstrip(" \t"), "expression", "eval")
    assert not [each for each in code.co_consts if hasattr(each, "co_code")]
    return set(code.co_names)


@pytest.mark.parametrize("line", ["defaults={'a': evil()}", "kwargs={}", "anything=1"])
def test_a_field_of_logging_that_some_python_evaluates_is_refused(line):
    assert len(lint_logging(f"[formatter_a]\n{line}\n")) == 1


@pytest.fixture
def lesions(tmp_path, monkeypatch):
    """A package of somebody else, which would leave a trace if it were imported."""
    folder = tmp_path / "lesion_lint"
    folder.mkdir()
    (folder / "__init__.py").write_text("from .network import Network\nimport os\nopen('PROOF', 'w')\n")
    (folder / "network.py").write_text("import os\nimport torch\nclass Network: pass\nclass _Hidden: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield "lesion_lint"
    assert folder.name not in sys.modules
    assert not (tmp_path / "PROOF").exists()


def test_the_classes_of_a_package_are_allowed_to_those_who_name_it(lesions):
    for target in ("lesion_lint.network.Network", "lesion_lint.Network"):
        assert is_allowed_target(target, [lesions])
        assert not is_allowed_target(target)
        assert lint_config({"a": {"_target_": target}}, [lesions]) == []


@pytest.mark.parametrize(
    "name",
    ["os.system", "network.os.system", "network._Hidden", "network.Other", "other.Network", "network", ""],
)
def test_nothing_else_that_lies_in_the_package_is_allowed(lesions, name):
    assert not is_allowed_target(f"lesion_lint.{name}", [lesions])


@pytest.mark.parametrize(
    "name", ["os", "torch", "monai", "taskgan_ext", "__main__", "a.b", "", "no_such_package"]
)
def test_what_is_no_package_of_ones_own_cannot_be_allowed(name):
    with pytest.raises(BundleError, match=f"--allow-package {name}: expected an? "):
        lint_texts({}, "bundle", [name])


def test_the_message_says_how_a_package_is_allowed():
    with pytest.raises(BundleError, match=r"allowed with --allow-package NAME$"):
        lint_texts({"a.json": b'{"_target_": "lesion_lint.Network"}'}, "bundle")
