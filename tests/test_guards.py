"""Short tests that hold the house together: what no single part can see about itself."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import threading
from io import StringIO
from pathlib import Path

import click
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from dotenv import dotenv_values

import bootstrap
import worker
from adapters.kit.registry import channel_names, config_from_env, find_channel_class
from app import create_app
from cli.main import cli
from docs import generate
from handlers.delivery import media, outbox
from handlers.duty_desk import dispatch
from handlers.inbound import receive
from handlers.jobs import queues, timers
from handlers.services.metrics import COUNTERS, HISTOGRAMS
from handlers.topics import index
from store.engine.migrate import migrate
from store.tables.whole import metadata

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("bot", "adapters", "store", "handlers", "web", "cli", "simulator")
MODULES = ("app", "worker", "bootstrap")
SOURCES = sorted(
    [path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts]
    + [ROOT / f"{module}.py" for module in MODULES]
    + [ROOT / "docs" / "generate.py"]
)


def name_of(path):
    return str(path.relative_to(ROOT))


def tree_of(path):
    return ast.parse(path.read_text("utf-8"))


# --- routes ---

SIGNED = {
    "citizen.progress",
    "staff.order",
    "staff.act",
    "staff.media",
    "duty.door",
    "duty.enter",
    "duty.leave",
    "duty.queue",
    "duty.part",
    "duty.order",
    "duty.act",
    "duty.look",
}
ROUTES = {
    "hooks.hook": "the channel verifies the platform's signature before anything is parsed",
    "static": "style sheets and scripts, the same for everybody",
    "citizen.home": "what the service is",
    "citizen.progress": "a signed link, the citizen's own",
    "staff.order": "a signed link, the officer's own",
    "staff.act": "a signed link and the page's seal on the form",
    "staff.media": "a signed link, the officer's own",
    "duty.door": "a signed link, the officer's own: shows one button",
    "duty.enter": "a signed link, the officer's own, for one sign-in",
    "duty.leave": "a signed cookie and the page's seal on the form",
    "duty.queue": "a signed cookie of an officer of the desk, or a leader",
    "duty.part": "a signed cookie of an officer of the desk, or a leader",
    "duty.order": "a signed cookie of an officer of the desk, or a leader",
    "duty.act": "a signed cookie and the page's seal on the form",
    "duty.look": "a signed cookie and the page's seal on the form",
    "health.healthz": "says only that the process answers",
    "health.readyz": "says only yes or no to strangers",
    "health.metrics": "loopback or METRICS_TOKEN",
}
"""Every endpoint, and why it may be asked without a login."""


@pytest.fixture
def app(tmp_path):
    settings = {
        "DATA_DIR": str(tmp_path),
        "SECRET_KEY": "guards-" + "k" * 40,
        "CHANNELS": "console",
        "CONSOLE_SECRET": "console-secret",
        "REDIS_URL": f"unix://{tmp_path}/nobody.sock",
    }
    made = create_app(bootstrap.read(settings))
    migrate(made.extensions["wenzheng"].store.engine)
    yield made
    made.extensions["wenzheng"].store.close()


def test_every_route_is_a_hook_or_public_or_signed_for_a_reason_written_here(app):
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(ROUTES)


def test_a_forged_link_is_refused_before_anything_is_read(app, monkeypatch):
    def asked(*_arguments, **_options):
        raise AssertionError("the database was asked for a forged link")

    for way in ("read", "write"):
        monkeypatch.setattr(app.extensions["wenzheng"].store, way, asked)
    client = app.test_client()
    client.set_cookie("wenzheng_duty", "Zm9yZ2Vk.x.y", path="/duty")
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in SIGNED:
            continue
        address = re.sub(r"<(?:int:)?(?:media_id|order_id)>", "1", rule.rule)
        address = re.sub(r"<any\((?:[^),]*, )*([^),]*)\):\w+>", r"\1", address).replace("<token>", "Zm9yZ2Vk.x.y")
        assert "<" not in address
        for method in rule.methods - {"OPTIONS"}:
            assert client.open(address, method=method).status_code == 403, f"{method} {address}"


def test_a_link_of_one_kind_opens_no_page_of_the_other(app):
    signer = app.extensions["wenzheng"].signer
    citizens, officers = signer.citizen_url(1).rpartition("/")[2], signer.staff_url(1, 1).rpartition("/")[2]
    client = app.test_client()
    assert client.get(f"/s/{citizens}").status_code == 403
    assert client.get(f"/i/{officers}").status_code == 403


@pytest.mark.parametrize("address", ["/hooks/console", "/hooks/console/status"])
def test_an_unsigned_webhook_is_refused(app, address):
    answer = app.test_client().post(address, json={"text": "hello"})
    assert answer.status_code in {401, 403}
    assert (
        app.extensions["wenzheng"].store.read(lambda tx: tx.conn.execute(metadata.tables["inbox"].select()).all()) == []
    )


def test_strangers_read_no_metrics(app):
    client = app.test_client()
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.7"}).status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 403


# --- queues ---


def calls_named(path, *names):
    """First arguments, where they are plain strings, of calls of these names."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func)
            if any(called == name or called.endswith(f".{name}") for name in names):
                yield node.args[0].value


def test_every_queue_has_a_drain():
    assert set(queues.QUEUES) == set(queues.DRAINS)


def test_every_queue_somebody_wakes_exists():
    woken = {queue for path in SOURCES for queue in calls_named(path, "wake", "wakes.add")}
    assert woken
    assert woken <= set(queues.QUEUES)


def test_a_worker_listens_to_every_queue_in_their_order(monkeypatch):
    stop, heard = threading.Event(), []

    class Listener:
        def __init__(self, queues, **_settings):
            heard.append(queues)

        def work(self, **_settings):
            stop.set()

    monkeypatch.setattr(worker, "_Worker", Listener)
    monkeypatch.setattr(worker.signal, "signal", lambda *_: None)
    worker._work_loop("redis://127.0.0.1:1", "guard", stop)
    assert heard == [list(queues.QUEUES)]


def test_the_sweep_does_the_work_of_every_queue(monkeypatch):
    swept = set()
    for module, function in (
        (receive, "drain_spool"),
        (dispatch, "drain"),
        (outbox, "drain"),
        (media, "drain"),
        (timers, "drain"),
        (index, "drain"),
    ):
        monkeypatch.setattr(module, function, lambda _deps, name=module.__name__: swept.add(name) or 0)
    queues.sweep(None)
    assert {drain.__module__ for drain in queues.DRAINS.values()} | {
        "handlers.inbound.receive",
        "handlers.jobs.timers",
        "handlers.topics.index",
    } == swept


# --- the same checks everywhere ---


def test_the_hooks_before_a_commit_are_the_commands_of_make_lint():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)[1]
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    entries = re.findall(r"^ +entry: (.+)$", hooks, re.MULTILINE)
    assert entries == recipe.replace("$(BIN)", ".venv/bin").replace("\t", "").splitlines()
    assert re.findall(r"repo: (.+)", hooks) == ["local"]


# --- documentation that follows from the code ---

SETTING_NAMES = sorted(
    {name.upper() for name in bootstrap.Settings.model_fields}
    | {
        f"{channel}_{field.alias or name}".upper()
        for channel in channel_names()
        for name, field in find_channel_class(channel).Config.model_fields.items()
    }
)


@pytest.mark.parametrize("path", sorted(generate.PAGES))
def test_a_generated_page_agrees_with_the_code(path):
    assert (ROOT / path).read_text("utf-8") == generate.PAGES[path](), "run: python docs/generate.py"


@pytest.mark.parametrize("name", SETTING_NAMES)
def test_every_setting_is_documented_and_in_the_example(name):
    assert f"| `{name}` |" in (ROOT / "docs/settings.md").read_text("utf-8")
    assert re.search(rf"^#?{name}=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("channel", channel_names())
def test_every_setting_has_a_help_text(channel):
    fields = find_channel_class(channel).Config.model_fields | bootstrap.Settings.model_fields
    assert [name for name, field in fields.items() if not field.description] == []


def test_the_example_holds_no_secret():
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    secret = re.compile(r"^#?\w*(SECRET|TOKEN|KEY|PASSWORD)\w*=(?P<value>.*)$")
    assert [line for line in lines if (found := secret.match(line)) and found["value"]] == []


def alarm_keys():
    """The fixed beginnings of all alarm keys: ``misconfigured:wechat:48001`` -> ``misconfigured``."""
    for path in SOURCES:
        tree = tree_of(path)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".raise_alarm"):
                yield from beginnings(tree, node.args[0])


def beginnings(tree, argument):
    if isinstance(argument, ast.Constant | ast.JoinedStr):
        first = argument if isinstance(argument, ast.Constant) else argument.values[0]
        yield first.value.partition(":")[0]
        return
    wanted = ast.unparse(argument).rpartition(".")[2]
    for node in ast.walk(tree):  # a local name, or a property that returns the key
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == wanted:
            yield from beginnings(tree, node.value)
        elif isinstance(node, ast.FunctionDef) and node.name == wanted:
            yield from beginnings(tree, next(n.value for n in ast.walk(node) if isinstance(n, ast.Return)))


@pytest.mark.parametrize("key", sorted(set(alarm_keys())))
def test_the_operations_page_says_what_to_do_about_every_alarm(key):
    assert f"| `{key}" in (ROOT / "docs/operations.md").read_text("utf-8")


@pytest.mark.parametrize("name", sorted(m._name for m in [*COUNTERS.values(), *HISTOGRAMS.values()]))
def test_the_operations_page_explains_every_metric(name):
    assert name in (ROOT / "docs/operations.md").read_text("utf-8")


def test_both_readmes_say_the_same_things():
    texts = [(ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md")]
    for pattern in (r"^#+ ", r"`[A-Z][A-Z_]{3,}[=`]", r"^    .*$", r"\]\((?!README)([^)]+)\)"):
        first, second = (re.findall(pattern, text, re.MULTILINE) for text in texts)
        assert sorted(first) == sorted(second), pattern


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_example_of_templates_is_read_as_it_stands(name):
    lines = [
        line.strip() for line in (ROOT / name).read_text("utf-8").splitlines() if line.startswith("        WECHAT_")
    ]
    needed = ["WECHAT_APP_ID=wx1", "WECHAT_APP_SECRET=s", "WECHAT_TOKEN=t"]
    values = dotenv_values(stream=StringIO("\n".join([*lines, *needed])))
    config, errors = config_from_env(find_channel_class("wechat"), "wechat", values)
    assert errors == []
    assert set(config.templates) == {"answer", "notice", "order"}
    assert set(config.template_fields["answer"]) == {"number", "subject", "time", "remark"}


DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / ".github").rglob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_link_in_the_documents_leads_somewhere(path):
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", path.read_text("utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def documented_commands():
    """``directory import`` of `` `wenzheng directory import FILE` `` and the like."""
    command = re.compile(r"(?:`|^ {4}(?:\S*/)?|&& |run --rm \S+ )wenzheng ([a-z]+(?: [a-z]+)?)", re.MULTILINE)
    for path in DOCUMENTS:
        yield from ((name_of(path), *found.split()) for found in command.findall(path.read_text("utf-8")))


@pytest.mark.parametrize("found", sorted(set(documented_commands())), ids=" ".join)
def test_every_command_the_documents_name_exists(found):
    group = cli
    for word in found[1:]:
        if isinstance(group, click.Group):
            group = group.get_command(click.Context(group), word)
            assert group is not None, found


def rooms():
    """The columns of the table under "Rooms": folder -> the names in it."""
    section = (ROOT / "docs/architecture.md").read_text("utf-8").partition("## Rooms")[2].partition("\n## ")[0]
    head, _line, *rows = (line.strip("|").split("|") for line in section.splitlines() if line.startswith("|"))
    columns = zip(*[[re.findall(r"`([^`]+)`", cell) for cell in row] for row in rows], strict=True)
    titles = [title.strip().strip("`/") for title in head]
    return {title: [name for cell in column for name in cell] for title, column in zip(titles, columns, strict=True)}


@pytest.mark.parametrize("folder", ["bot", "handlers", "store", "web"])
def test_the_table_of_rooms_shows_each_package_once(folder):
    found = (path for path in (ROOT / folder).iterdir() if not path.name.startswith("_"))
    packages = {path.stem for path in found if path.suffix == ".py" or any(path.glob("*.py"))}
    shown = rooms()[folder]
    assert sorted(shown) == sorted(packages)


def test_the_table_of_rooms_shows_each_folder_of_texts_once():
    folders = [path.name for path in (ROOT / "templates/messages/zh_CN").iterdir() if path.is_dir()]
    assert sorted(rooms()["texts"]) == sorted(folders)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_file_the_documents_name_is_there(path):
    """`` `bot/text/sms.py` `` and the like; not what stands for a name, as in `` `adapters/<channel>.py` ``."""
    folders = "|".join((*PACKAGES, "docs", "templates", "tests", "benchmarks", "deploy", "static"))
    named = re.findall(rf"`((?:{folders})/[\w/.-]+?/?)(?:::\w+)?`", path.read_text("utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("word", ["反映的事", "诉求人", "值班室", "值班台", "办理单位"])
def test_people_read_one_word_for_one_thing(word):
    """templates/messages/README.md has the word to use instead."""
    texts = [*(ROOT / "templates/messages/zh_CN").rglob("*.txt"), *(ROOT / "templates/pages").iterdir()]
    assert [name_of(path) for path in texts if word in path.read_text("utf-8")] == []


# --- the order of things ---


def imports_of(path):
    """Top names of everything a file imports, wherever in it."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


ABOVE = {
    "app": {"cli", "worker"},
    "worker": {"cli", "app", "web"},
    "bootstrap": {"cli", "app", "worker", "web"},
    **{package: {"cli", *MODULES} for package in ("bot", "adapters", "store", "handlers", "web")},
    "simulator": {*PACKAGES, *MODULES} - {"simulator"},
}


@pytest.mark.parametrize("lower", sorted(ABOVE))
def test_imports_point_downward(lower):
    """import-linter holds the packages; single modules it does not take as roots."""
    paths = [path for path in SOURCES if path.relative_to(ROOT).parts[0].removesuffix(".py") == lower]
    assert paths
    assert {(name_of(path), name) for path in paths for name in imports_of(path) if name in ABOVE[lower]} == set()


def test_a_web_process_loads_no_model_and_none_of_its_libraries():
    script = (
        "import sys, app, web.hooks; print(sorted({'sklearn', 'scipy', 'numpy', 'rapidfuzz', 'bot.classifier.model'} & "
        "set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_file_is_read_in_one_sitting(path):
    assert len(path.read_text("utf-8").splitlines()) <= 400
    functions = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [f.name for f in functions if f.end_lineno - f.lineno + 1 > 50] == []


# Of some 2800 functions 94 in 100 had at most 7 when this was written, and 18 more than 12, of which each did two
# things that had names of their own.
MOST_BRANCHES = 12
BRANCH = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case)
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def own_nodes(function):
    """The nodes of a function without those of functions in it, which count by themselves."""
    waiting = list(function.body)
    while waiting:
        node = waiting.pop()
        if not isinstance(node, FUNCTION):
            yield node
            waiting += ast.iter_child_nodes(node)


def branches(node):
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    return int(isinstance(node, BRANCH))


def complexity(function):
    """As ruff's C901 counts, and also what it leaves out: ternaries, boolean operators and comprehensions."""
    return 1 + sum(map(branches, own_nodes(function)))


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("return a", 1),
        ("if a:\n  pass\n elif b:\n  pass\n else:\n  pass", 3),
        ("return a if b and c or d else e", 4),
        ("return [a for b in c for d in b if e if f]", 5),
        ("for a in b:\n  while c:\n   pass", 3),
        ("try:\n  pass\n except A:\n  pass\n except B:\n  pass", 3),
        ("match a:\n  case 1:\n   pass\n  case _:\n   pass", 3),
        ("def inner():\n  return a if b else c\n return inner", 1),
        ("return lambda: a if b else c", 2),
        ("assert a", 1),
    ],
)
def test_what_counts_as_a_branch(body, count):
    assert complexity(ast.parse(f"def outer():\n {body}").body[0]) == count


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_function_takes_few_turns(path):
    functions = [node for node in ast.walk(tree_of(path)) if isinstance(node, FUNCTION)]
    assert [(f.name, complexity(f)) for f in functions if complexity(f) > MOST_BRANCHES] == []


CLOCKS = ("time.monotonic", "time.perf_counter", "time.process_time", "time.time", "time.thread_time")
TIMED = {
    "edge/test_away_edges.py": {
        "test_edge_22_over_the_budget_the_platform_hears_received_and_the_receipt_follows_once": "the budget is a time",
        "test_edge_44_with_redis_away_a_message_is_answered_at_once_and_the_sweep_finds_the_work": "WeChat waits 5 s",
    },
    "test_processes.py": {
        "until": "gives up waiting",
        "test_a_program_that_does_not_listen_is_killed_with_its_children_when_its_time_is_up": "its time to stop",
    },
    "test_nightly_training.py": {"wait": "gives up waiting"},
}
"""Functions of tests that may compare with the clock, and why. Speed is the benchmarks' affair: elsewhere tests count
calls (``tests/kit/work.py``), or only want an end (``tests/kit/patience.py``: steps of a regular expression cannot be
counted)."""


def reads_clock(node):
    return any(isinstance(part, ast.Call) and ast.unparse(part.func) in CLOCKS for part in ast.walk(node))


def timed(function):
    """Whether it asserts on the clock, at once or by a name it gave to the time that went by."""
    spans = [node for node in ast.walk(function) if isinstance(node, ast.Assign) and reads_clock(node.value)]
    names = {ast.unparse(node.targets[0]) for node in spans if isinstance(node.value, ast.BinOp)}
    checks = [node.test for node in ast.walk(function) if isinstance(node, ast.Assert)]
    return any(reads_clock(check) or names & {ast.unparse(part) for part in ast.walk(check)} for check in checks)


def test_no_test_asserts_by_the_clock():
    found = {}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, FUNCTION) and timed(node):
                found.setdefault(str(path.relative_to(ROOT / "tests")), set()).add(node.name)
    assert found == {name: set(reasons) for name, reasons in TIMED.items()}


def test_migrations_make_the_schema_of_the_tables(tmp_path):
    store = bootstrap.make_store(bootstrap.Settings(data_dir=tmp_path, secret_key="g" * 40))
    migrate(store.engine)
    with store.engine.connect() as conn:
        assert compare_metadata(MigrationContext.configure(conn, opts={"compare_type": True}), metadata) == []
    store.close()


# --- what is in git ---


def in_git():
    # A clone that belongs to somebody else (CI as root) is one git would refuse to look into.
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return [ROOT / name for name in found.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


NOT_OURS = re.compile(r"(?<![\w.])/(work|tmp|home)/|pypi\.org|pythonhosted|registry\.npmjs|//mirrors?\.")
"""Places on one machine, addresses of package registries."""


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a clone")
def test_nothing_in_git_names_a_place_on_one_machine_or_a_registry():
    found = []
    for path in in_git():
        if "tests" in path.relative_to(ROOT).parts or path.suffix in {".png", ".jpg", ".xlsx"}:
            continue
        lines = path.read_text("utf-8").splitlines()
        found += [f"{name_of(path)}:{n}" for n, line in enumerate(lines, 1) if NOT_OURS.search(line)]
    assert found == []
