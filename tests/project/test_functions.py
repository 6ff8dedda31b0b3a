"""The pages of the functions are those of the code."""

from __future__ import annotations

from tests.project.write_functions import FOLDER, pages


def test_there_is_one_page_for_each_function_and_it_says_what_the_code_says() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    stale = [name for name, text in pages().items() if written.get(name) != text]
    assert (stale, sorted(set(written) - set(pages()))) == ([], []), "run: python -m tests.project.write_functions"
