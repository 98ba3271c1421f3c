"""What MkDocs is told before it builds the site, so that pages read the same here and in the repository.

Pages link to each other and to code by their place in the repository. The site has a page for each place:
`docs/x.md` is `x.md`, `README.md` the first page, and code that a page links to has a page below `source/`.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent
OUTSIDE_DOCS = {
    "README.md": "index.md",
    "docs/README.md": "pages.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "DECISIONS.md": "decisions.md",
}
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s#]+)((?:#[^)\s]*)?)\)")
LEXERS = {".sql": "sql", ".py": "python", ".yml": "yaml", ".yaml": "yaml", ".sh": "sh", ".toml": "toml"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put every mart below its area into the navigation, as docs/marts/README.md lists them."""
    for section in config.nav or []:
        if "Marts" in section:
            section["Marts"] += marts_by_area((ROOT / "docs" / "marts" / "README.md").read_text())
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that stand outside docs/, and the code that any page links to."""
    files.remove(files.src_uris["README.md"])
    for place, page in OUTSIDE_DOCS.items():
        files.append(File.generated(config, page, content=(ROOT / place).read_text()))
    for code in sorted({target for file in files.documentation_pages() for target in code_linked(file)}):
        files.append(
            File.generated(
                config, site_page(code), content=code_page(code), inclusion=InclusionLevel.NOT_IN_NAV
            )
        )
    return files


def on_page_markdown(markdown: str, page: Page, **_config_and_files: object) -> str:
    """Let links lead to the pages of the site instead of the places in the repository."""
    folder = posixpath.dirname(repository_place(page.file.src_uri))
    here = posixpath.dirname(page.file.src_uri)

    def to_site(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, link[1]))
        if not (ROOT / target).is_file():
            return link[0]  # MkDocs names it as broken
        return f"]({posixpath.relpath(site_page(target), here or '.')}{link[2]})"

    return LINK.sub(to_site, markdown)


def site_page(place: str) -> str:
    """Return the page, or the file, of the site for a place in the repository."""
    if place in OUTSIDE_DOCS:
        return OUTSIDE_DOCS[place]
    inside = place.removeprefix("docs/")
    return inside if inside != place else f"source/{place}.md"


def repository_place(page: str) -> str:
    """Return where in the repository a page of the site stands."""
    outside = {site: place for place, site in OUTSIDE_DOCS.items()}
    return outside.get(page, f"docs/{page}")


def code_linked(file: File) -> Iterator[str]:
    """Yield the files outside docs/ that a page links to and that are no pages themselves."""
    folder = posixpath.dirname(repository_place(file.src_uri))
    for target, _anchor in LINK.findall(file.content_string):
        place = posixpath.normpath(posixpath.join(folder, target))
        if site_page(place).startswith("source/") and (ROOT / place).is_file():
            yield place


def code_page(place: str) -> str:
    """Return a page that shows a file; the search leaves it out."""
    text = (ROOT / place).read_text().rstrip("\n")
    lexer = LEXERS.get(PurePosixPath(place).suffix, "text")
    fence = "~" * max(3, *(len(run) + 1 for run in re.findall("~+", text)), 3)
    return f"---\nsearch:\n  exclude: true\n---\n# {place}\n\n{fence}{lexer}\n{text}\n{fence}\n"


def marts_by_area(index: str) -> list[dict[str, list[str]]]:
    """Return the sections of the marts' list: `{title: ["marts/<mart>.md", ...]}` in their order."""
    sections = re.findall(r"(?ms)^## (.+?)\n(.*?)(?=^## |\Z)", index)
    return [
        {title: [f"marts/{page}" for page in re.findall(r"(?m)^\| \[\w+\]\((\w+\.md)\)", table)]}
        for title, table in sections
    ]
