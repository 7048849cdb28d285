"""Tags: their use cases."""

from contextlib import AsyncExitStack

from dataflowtools.src.bootstrap.clock import utc_now
from dataflowtools.src.common.settings import Settings
from dataflowtools.src.drivenadapters.text.aho_corasick_word_finder import AhoCorasickWordFinder
from dataflowtools.src.drivenadapters.text.pinyin_order import pinyin_key
from dataflowtools.src.driveradapters.tag.routes import TagUses
from dataflowtools.src.logics.tag.edit_tags import CreateTag, DeleteTag, ListTags, UpdateTag
from dataflowtools.src.logics.tag.extract_tags import ExtractTags
from dataflowtools.src.logics.tag.ports.tag_catalogue import TagCatalogue


def tag_uses(settings: Settings, resources: AsyncExitStack, *, catalogue: TagCatalogue) -> TagUses:
    """Build the use cases of tags."""
    words = AhoCorasickWordFinder()
    resources.callback(words.close)
    return TagUses(
        create_tag=CreateTag(catalogue=catalogue, now=utc_now),
        list_tags=ListTags(catalogue=catalogue),
        update_tag=UpdateTag(catalogue=catalogue),
        delete_tag=DeleteTag(catalogue=catalogue),
        extract_tags=ExtractTags(
            words=words, catalogue=catalogue, sort_key=pinyin_key, max_rules=settings.tag_rules_max
        ),
    )
