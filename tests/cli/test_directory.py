"""``wenzheng directory`` and ``officer`` as an operator runs them."""

from __future__ import annotations

import json

import click
import openpyxl
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from cli import directory
from store.tables.inquiries import events
from tests.kit.deadline_kit import district, order
from tests.kit.world import SECRET, make_store

UNITS = [
    ["代码", "名称", "层级", "简称", "关键词", "并入单位"],
    ["D00", "区问政办公室", "区级", None, None, None],
    ["D01", "区城市管理局", "区级", "城管局", "路灯", None],
    ["D02", "区水务局", "区级", "水务局", "停水", None],
]
OFFICERS = [
    ["姓名", "单位", "角色", "手机号"],
    ["温予舟", "D00", "值班员", "19900000001"],
    ["骆星屿", "D01", "经办人", "19900000002"],
    ["裴一谷", "D02", "经办人", "19900000003"],
]
CATEGORIES = [["编码", "名称", "承办单位"], ["01", "城市管理", "D01"], ["0101", "路灯故障", None]]


@pytest.fixture
def world(tmp_path):
    made = district(tmp_path, store=make_store(tmp_path / "wenzheng.db"))
    yield made
    made.close()


@pytest.fixture
def command(world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "CHANNELS"):
        monkeypatch.delenv(name, raising=False)
    group = click.Group("wenzheng", commands=[*directory.COMMANDS])

    def invoke(*arguments, code=0):
        found = CliRunner().invoke(
            group, ["directory", *arguments], env={"SECRET_KEY": SECRET, "DATA_DIR": str(tmp_path)}
        )
        assert found.exit_code == code, found.output
        return found.output

    return invoke


@pytest.fixture
def book(tmp_path):
    def make(name="units.xlsx", units=UNITS, officers=OFFICERS, categories=CATEGORIES):
        made = openpyxl.Workbook()
        made.remove(made.worksheets[0])
        for title, rows in (("单位", units), ("人员", officers), ("事项分类", categories)):
            for row in rows or ():
                (made[title] if title in made.sheetnames else made.create_sheet(title)).append(row)
        made.save(tmp_path / name)
        return str(tmp_path / name)

    return make


def merged():
    return [*UNITS[:2], [*UNITS[2][:5], "水务局"], UNITS[3]]


def test_a_dry_run_tells_and_changes_nothing(command, book):
    told = command("import", book(), "--dry-run")
    assert "事项分类：新增 2，变更 0，停用 0，不变 0" in told
    assert "nothing was changed" in told
    assert command("versions") == ""


def test_an_import_is_told_as_a_version_with_author_and_file_but_no_folder(command, book, tmp_path):
    told = command("import", book(), "--author", "温予舟")
    assert "3 units, 3 officers, 2 categories; version 1" in told
    listed = command("versions")
    assert "\t温予舟\tunits.xlsx\tunits +0 ~3 -3; categories +2 ~0 -0; officers" in listed
    assert str(tmp_path) not in listed
    assert "nothing was different" in command("import", book())
    assert len(json.loads(command("versions", "--json"))) == 1


def test_a_merger_moves_the_open_work_and_says_how_much(command, book, world):
    command("import", book())
    order(world)
    told = command("import", book(units=merged()))
    assert "变更单位：D01 区城市管理局 并入D02（启用、并入单位）" in told
    assert "1 open orders moved" in told


def test_a_version_is_shown_and_compared_with_another_and_with_the_present(command, book):
    command("import", book())
    command("import", book(units=merged(), categories=[*CATEGORIES, ["0102", "井盖", None]]))
    shown = json.loads(command("show", "--version", "1"))
    assert [unit["code"] for unit in shown["units"]] == ["D00", "D01", "D02"]
    assert [category["name"] for category in shown["categories"]] == ["城市管理", "路灯故障"]
    assert command("diff", "1", "2") == command("diff", "1")
    assert "新增事项分类：0102 井盖" in command("diff", "1", "2")
    assert "停用事项分类：0102 井盖" in command("diff", "2", "1")
    assert "no version 9" in command("show", "--version", "9", code=1)
    assert "no version 9" in command("export", "x.xlsx", "--version", "9", code=1)


def test_rolling_back_is_importing_the_export_of_an_old_version(command, book, tmp_path):
    command("import", book())
    command("import", book(units=merged(), categories=CATEGORIES[:2]))
    assert "3 units, 0 officers, 2 categories" in command("export", "old.xlsx", "--version", "1")
    assert "文件里没有人员表：人员保持不变。" in command("import", str(tmp_path / "old.xlsx"))
    assert "变更 0，停用 0" in command("diff", "1").splitlines()[0]


def test_an_export_with_phones_imports_unchanged_and_is_logged(command, book, world, tmp_path):
    command("import", book())
    assert "3 officers" in command("export", "now.xlsx", "--with-phones")
    assert "nothing was different" in command("import", str(tmp_path / "now.xlsx"))
    rows = world.deps.store.read(
        lambda tx: tx.conn.execute(select(events.c.data).where(events.c.name == "directory_exported")).all()
    )
    assert [row.data["officers"] for row in rows] == [3]


def test_an_export_without_phones_holds_nobody(command, book, tmp_path):
    command("import", book())
    command("export", "now.xlsx")
    assert "人员" not in openpyxl.load_workbook(tmp_path / "now.xlsx").sheetnames
    assert "nothing was different" in command("import", str(tmp_path / "now.xlsx"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("export", "now.csv"), ".xlsx"), (("export", "x.xlsx", "--version", "1", "--with-phones"), "holds no officers")],
)
def test_an_export_that_cannot_be_is_refused(command, arguments, said):
    assert said in command(*arguments, code=2)


def test_officers_whose_unit_is_gone_are_named_when_the_file_is_silent_on_them(command, book, world):
    command("import", book())
    told = command("import", book(units=[*UNITS[:2], UNITS[3]], officers=None, categories=None))
    assert "officers of a unit that is gone, to be placed by the next file: lamp\n" in told


def test_a_bad_file_changes_nothing_and_names_the_cell(command, book):
    told = command("import", book(categories=[*CATEGORIES, ["0301", "招生", None]]), code=1)
    assert "【事项分类】 第 4 行“上级编码”列：上级事项“03”不在事项分类表中" in told
    assert "nothing was imported" in told
    assert command("versions") == ""
