from rewardsmith.language import library
from rewardsmith.language.emit import emit_single
from rewardsmith.language.graph import Graph
from rewardsmith.language.units import compatible, parse_unit, product, quotient


def test_equal_expressions_are_one_node() -> None:
    graph = Graph()
    xp = library.build(graph)
    x, y = graph.input("state.x"), graph.input("state.y")
    assert xp.exp(x + y) is xp.exp(y + x)
    assert x - y is not y - x
    assert x * x is xp.square(x)
    assert x**2 is xp.square(x)


def test_digest_ignores_the_side_of_a_comparison_and_the_name_of_a_parameter() -> None:
    graph = Graph()
    x = graph.input("state.x")
    assert (x > 0.5).digest == graph.apply("lt", 0.5, x).digest
    named, other = graph.param("a", 2.0), graph.param("b", 2.0)
    assert (x * named).digest == (x * other).digest == (x * 2.0).digest
    assert (x * 2.0).digest != (x * 3.0).digest


def test_constants_are_folded() -> None:
    graph = Graph()
    assert library.build(graph).exp(0.0) == 1.0
    assert graph.where(True, 3.0, 4.0) == 3.0


def test_emitted_code_reads_like_code() -> None:
    graph = Graph()
    xp = library.build(graph)
    hand = graph.input("state.hand", shape=(3,))
    score = xp.exp(-graph.param("scale", 5.0) * xp.norm(hand))
    assert emit_single("score", "One step.", score).splitlines() == [
        "def score(xp, inputs, params):",
        '    """One step."""',
        '    state_hand = inputs["state.hand"]',
        '    product = -params["scale"] * xp.sqrt(xp.sum(xp.square(state_hand), axis=-1))',
        "    return xp.exp(product)",
    ]


def test_units_multiply_and_divide() -> None:
    metre, second = parse_unit("m"), parse_unit("s")
    assert quotient(metre, second) == parse_unit("m/s")
    assert product(parse_unit("m/s^2"), parse_unit("kg")) == parse_unit("N")
    assert compatible(parse_unit("rad/s"), parse_unit("1/s"))
    assert not compatible(metre, parse_unit("rad"))
    assert compatible(metre, None)
