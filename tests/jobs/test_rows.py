"""Which jobs a batch is made of."""

from pathlib import Path

import pytest

from roop.errors import UsageError
from roop.jobs.batch import refuse_twins
from roop.jobs.rows import combined, images, media, read_list
from roop.media.files.extensions import IMAGE_SUFFIXES, WRITTEN_SUFFIXES
from roop.media.formats.image_files import FORMAT_BY_SUFFIX


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.mp4", "a.jpg", "notes.txt", ".hidden.png", "sub/c.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def test_no_picture_that_can_be_read_is_left_in_its_folder() -> None:
    assert set(FORMAT_BY_SUFFIX) == WRITTEN_SUFFIXES < IMAGE_SUFFIXES


def names(paths: list[Path], folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in paths]


def test_folders_patterns_and_files(folder: Path) -> None:
    assert names(media([str(folder)]), folder) == ["a.jpg", "b.mp4"]
    assert names(images([str(folder)]), folder) == ["a.jpg"]
    assert names(media([f"{folder}/**/*.png"]), folder) == ["sub/c.png"]
    assert names(media([f"{folder}/b.mp4", f"{folder}/*.*"]), folder)[:2] == ["b.mp4", "a.jpg"]
    assert names(media([f"{folder}/gone.mp4"]), folder) == ["gone.mp4"]  # its own job's failure


@pytest.mark.parametrize("word", ["*.avi", "sub/none"])
def test_a_pattern_without_files_is_an_error(folder: Path, word: str) -> None:
    (folder / "sub/none").mkdir()
    with pytest.raises(UsageError, match="there are no images and no videos in"):
        media([str(folder / word)])


def test_every_source_with_every_target() -> None:
    rows = combined([Path("a"), Path("b")], [Path("x"), Path("y")])
    assert [(row.sources[0].name, row.target.name) for row in rows] == [
        ("a", "x"),
        ("a", "y"),
        ("b", "x"),
        ("b", "y"),
    ]


LISTS = {
    "jobs.csv": "source,target,output,many-faces,fps\n"
    'a.png;b.png,film.mp4,out.mp4,true,\n"c,d.png",x.png,,,25\n',
    "jobs.jsonl": '{"source": ["a.png", "b.png"], "target": "film.mp4", "output": "out.mp4", '
    '"many_faces": true}\n\n{"source": "c,d.png", "target": "x.png", "fps": "25"}\n',
    "jobs.toml": '[[job]]\nsource = ["a.png", "b.png"]\ntarget = "film.mp4"\noutput = "out.mp4"\n'
    'many-faces = true\n[[job]]\nsource = "c,d.png"\ntarget = "x.png"\nfps = "25"\n',
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_in_each_format(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(LISTS[name])
    first, second = read_list(tmp_path / name)
    assert first.sources == (tmp_path / "a.png", tmp_path / "b.png")
    assert (first.target, first.output) == (tmp_path / "film.mp4", tmp_path / "out.mp4")
    assert first.options == {"many_faces": True}
    assert (second.sources, second.output) == ((tmp_path / "c,d.png",), None)
    assert second.options == {"fps": "25"}


def test_what_stands_before_the_jobs_of_a_toml_list_holds_for_all(tmp_path: Path) -> None:
    path = tmp_path / "jobs.toml"
    path.write_text(
        'source = "a"\nfps = 25\n[[job]]\ntarget = "b"\n[[job]]\ntarget = "c"\nfps = 9\n'
    )
    assert [(row.sources[0].name, row.options["fps"]) for row in read_list(path)] == [
        ("a", 25),
        ("a", 9),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("l.csv", "source,target\na.png,\n", r"l\.csv, line 2 has no target"),
        ("l.csv", "source,target\na,b,c\n", "line 2 has more cells than the heading"),
        ("l.csv", "source,target\n", "there are no jobs in"),
        ("l.jsonl", '{"target": "b"}', r"l\.jsonl, line 1 has no source"),
        ("l.jsonl", "[1]", "line 1 is not an object"),
        ("l.toml", "job = 3", "is not what its extension says"),
        ("l.txt", "", "is not a list of jobs"),
    ],
)
def test_a_wrong_list_is_named_with_its_line(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UsageError, match=message):
        read_list(tmp_path / name)


def test_two_jobs_cannot_write_one_file() -> None:
    with pytest.raises(UsageError, match=r"two jobs would write x\.png"):
        refuse_twins([Path("x.png"), Path("y.png"), Path("x.png")])
