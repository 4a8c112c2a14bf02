"""What citizens write of one matter, a look at it, and what was found, kept and told."""

from __future__ import annotations

from sqlalchemy import select

from bot.edge.messages import Address
from handlers.services.topic_memory import TopicMemory
from handlers.topics import index
from handlers.topics.view import topics_view
from store import topics as stored
from store.engine.transactions import Store
from store.engine.vault import Vault
from store.engine.writes import update_row
from store.tables.delivery import outbox as outbox_table
from store.tables.inquiries import inquiries as inquiries_table
from store.tables.routing import topics as topics_table
from store.tables.whole import metadata
from tests.kit.deadline_kit import china, district
from tests.kit.world import SECRET, add_directory

PLANT = [
    "云栖雅苑旁边修建了搅拌站,灰尘很大,孩子一直咳嗽",
    "请问云栖雅苑东门的搅拌站有没有环评?",
    "每天凌晨被吵醒,云栖雅苑北侧搅拌站通宵开工",
    "搅拌站离云栖雅苑只有五十米,水泥车进进出出",
    "云栖雅苑业主要求搬走搅拌站",
    "云栖雅苑的搅拌站还在扬尘",
    "反映云栖雅苑隔壁搅拌站噪音",
    "云栖雅苑搅拌站污水流到路上",
    "什么时候关掉云栖雅苑旁的搅拌站",
    "云栖雅苑楼下搅拌站没有手续",
]
OTHERS = ["路灯坏了三天", "公交车不到站就走了", "楼上漏水物业不管", "社保卡怎么补办", "菜市场门口乱停车"]
MONDAY = china(23, 10)
ESTATES = ["云栖雅苑", "江畔书香", "翠湖", "南山里", "东湖湾", "星河", "晴川阁", "听松"]


def make(folder, url, *, again=False):
    """A world over the database; ``again``: a second worker's."""
    store = Store(url, Vault(SECRET), pool_size=8)
    if not again:
        metadata.create_all(store.engine)
        store.write(add_directory)
    return district(folder, store=store)


def write(world, *texts, first=0, citizen=None):
    """An inquiry of each text, each by a citizen of their own unless said; the ids."""
    return [
        world.inquiry(text, citizen=Address("console", citizen or f"citizen-{first + n}"))
        for n, text in enumerate(texts)
    ]


def look(world, at=None):
    if at is not None:
        world.clock.time = at
    return index.drain(world.deps)


def kept(world):
    """(first word, citizens, size) of every stored topic."""
    rows = world.deps.store.read(lambda tx: tx.conn.execute(select(topics_table).order_by(topics_table.c.id)).all())
    return [(row.words[0], row.citizens, row.size) for row in rows]


def belonging(world):
    return world.deps.store.read(lambda tx: stored.members(tx, 0))


def pushed(world):
    rows = world.deps.store.read(
        lambda tx: tx.conn.execute(select(outbox_table).where(outbox_table.c.key == "topic.new")).all()
    )
    codes = {number: code for code, number in world.officers.items()}
    return [(codes[row.officer_id], row.params["title"], row.params["citizens"]) for row in rows]


def restart(world):
    """As a worker that begins: nothing in memory."""
    world.deps.topics = TopicMemory(world.deps.topics.settings)


def change(world, inquiry_id, **values):
    world.deps.store.write(lambda tx: update_row(tx, inquiries_table, inquiry_id, **values))


def view(world, limit=10):
    return world.deps.store.read(lambda tx: topics_view(tx, world.clock.now(), limit))
