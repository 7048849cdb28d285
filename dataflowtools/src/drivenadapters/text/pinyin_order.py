"""The order in which readers of Chinese look for names."""


def pinyin_key(text: str) -> tuple[str, str]:
    """Give a sort key: Chinese characters by their sound, everything else as it is."""
    if text.isascii():
        return text.casefold(), text
    from pypinyin import lazy_pinyin  # some 60 MB, which a service without Chinese tags never needs

    return "".join(lazy_pinyin(text)).casefold(), text
