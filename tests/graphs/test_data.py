"""Knowledge graphs and links in files: what is read, and what is said of damage."""

from __future__ import annotations

import numpy as np
import pytest

from genn_delays import graphs
from genn_delays.graphs.graph import Graph
from genn_delays.graphs.negatives import directed, questions
from genn_delays.support.errors import DataError


def write(folder, train="a\tlikes\tb\n", valid="b\tlikes\ta\n", test="a\tlikes\tc\n"):
    folder.mkdir(exist_ok=True)
    for name, text in (("train", train), ("valid", valid), ("test", test)):
        content = text if isinstance(text, bytes) else text.encode()
        (folder / f"{name}.txt").write_bytes(content)
    return folder


def test_a_folder_of_triples_is_a_knowledge_graph(tmp_path):
    data = graphs.read_knowledge_graph(
        write(tmp_path / "kg", "a\tlikes\tb\r\nb\tknows\tc\n", "c\tknows\ta", "a\tlikes\td\n")
    )
    assert data.relations == ("likes", "knows")
    assert data.entities == data.test_entities == ("a", "b", "c", "d")
    np.testing.assert_array_equal(data.train.graph.facts, [[0, 0, 1], [1, 1, 2]])
    assert data.test.graph is data.train.graph
    assert len(data.test.known) == 4


def test_an_inductive_test_has_entities_and_a_graph_of_its_own(tmp_path):
    main = write(tmp_path / "kg")
    other = write(tmp_path / "kg_ind", "x\tlikes\ty\n", "y\tlikes\tz\n", "z\tlikes\tx\n")
    data = graphs.read_knowledge_graph(main, other)
    assert (data.entities, data.test_entities) == (("a", "b", "c"), ("x", "y", "z"))
    np.testing.assert_array_equal(data.test.graph.facts, [[0, 0, 1]])
    assert len(data.test.known) == 3


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"valid": "a\tlikes\tb\na likes b\n"},
            r"valid\.txt, line 2: 'a likes b' is not head, rel",
        ),
        ({"train": "a\tlikes\t\n"}, r"train\.txt, line 1: 'a\\tlikes\\t' is not head"),
        ({"train": "a\tlikes\tb\n\n\nb\tlikes\ta"}, r"train\.txt, line 2: '' is not head"),
        ({"train": b"a\tlikes\tb\n\xff\tlikes\tb\n"}, r"train\.txt, line 2: not UTF-8 text"),
        ({"test": "a\tlieks\tb\n"}, r"test\.txt, line 1: the relation 'lieks' is in no fact"),
        ({"train": ""}, r"train\.txt holds no fact"),
        ({"test": ""}, r"test\.txt holds no fact"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_damaged_triples_are_an_error_with_file_and_line(tmp_path, files, message):
    with pytest.raises(DataError, match=message) as error:
        graphs.read_knowledge_graph(write(tmp_path / "kg", **files))
    assert len(str(error.value).splitlines()) == 1


def test_a_missing_folder_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(DataError, match="nowhere: no such folder"):
        graphs.read_knowledge_graph(tmp_path / "nowhere")
    folder = write(tmp_path / "kg")
    (folder / "valid.txt").unlink()
    with pytest.raises(DataError, match=r"cannot find valid\.txt"):
        graphs.read_knowledge_graph(folder)


def test_facts_of_arrays_are_checked():
    for facts, message in [
        ([[0, 0, 3]], "a tail 3 outside 0 to 2"),
        ([[0, 1, 2]], "a relation 1 outside 0 to 0"),
        ([[-1, 0, 2]], "a head -1 outside 0 to 2"),
        ([[0, 1]], r"facts of shape \(1, 2\)"),
        ([[0.0, 0.0, 1.0]], "type float64"),
    ]:
        with pytest.raises(DataError, match=message):
            Graph(np.array(facts), 3, 1)


def test_a_graph_finds_its_facts_and_what_answers_a_query():
    graph = Graph(np.array([[0, 1, 2], [2, 0, 0], [0, 1, 1], [0, 1, 2]]), 3, 2)
    assert sorted(graph.find(np.array([[0, 1, 2], [1, 1, 1]]))) == [0, 3]
    assert sorted(graph.between(np.array([2]), np.array([0]))) == [0, 1, 3]
    forwards, back, none = graph.tails(np.array([0, 0, 1]), np.array([1, 2, 0]))
    assert (sorted(forwards), list(back), list(none)) == ([1, 2, 2], [2], [])


def test_wrong_entities_are_never_answers_and_half_of_the_queries_ask_for_heads():
    rng = np.random.default_rng(0)
    sizes = (6, 2, 6)
    graph = Graph(np.stack([rng.integers(0, k, 40) for k in sizes], 1), 6, 2)
    facts = graph.facts[:7]
    asked = questions(facts, graph, 30, np.random.default_rng(1))
    source, relation, answer = directed(facts, 2)
    side = np.array([0, 1, 2, 10, 11, 12, 13])
    np.testing.assert_array_equal(asked.source, source[side])
    np.testing.assert_array_equal(asked.relation, relation[side])
    np.testing.assert_array_equal(asked.target[:, 0], answer[side])
    for wrong, true in zip(
        asked.target[:, 1:], graph.tails(asked.source, asked.relation), strict=True
    ):
        assert not set(wrong) & set(true)
    everyone = Graph(np.array([[0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 1]]), 2, 1)
    with pytest.raises(DataError, match="every entity is an answer"):
        questions(everyone.facts, everyone, 1, rng)


def test_links_are_split_and_told_from_pairs_that_are_none(tmp_path, caplog):
    path = tmp_path / "cites.txt"
    lines = [f"n{k}\tn{(k + 1) % 40}" for k in range(40)] + ["n1\tn0", "n3\tn3"]
    path.write_text("\n".join(lines) + "\n")
    data = graphs.read_links(path)
    parts = (data.train, data.valid, data.test)
    assert [len(part.facts) for part in parts] == [34, 2, 4]
    assert len({tuple(fact) for part in parts for fact in part.facts}) == 40
    assert all(part.graph is data.train.graph for part in parts)
    assert "2 lines repeat a link or join a node to itself" in caplog.text
    again = graphs.read_links(path)
    np.testing.assert_array_equal(again.test.facts, data.test.facts)
    model = graphs.Model(graphs.Reasoner(1, neurons=4, steps=3))
    found = graphs.link_metrics(model, data.test)
    assert 0.0 <= found["auroc"] <= 1.0
    assert found == graphs.link_metrics(model, data.test)


def test_links_that_are_not_there_are_told_by_their_path(tmp_path):
    with pytest.raises(DataError, match=r"cora\.cites: there is no such file of links"):
        graphs.read_links(tmp_path / "cora.cites")


def test_damaged_links_are_an_error_with_file_and_line(tmp_path):
    path = tmp_path / "cites.txt"
    path.write_text("a\tb\na b\n")
    with pytest.raises(DataError, match=r"cites\.txt, line 2: 'a b' is not two names"):
        graphs.read_links(path)
    path.write_text("a\tb\n")
    with pytest.raises(DataError, match="1 links are too few"):
        graphs.read_links(path)
