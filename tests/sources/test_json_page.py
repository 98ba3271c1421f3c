"""Records leave a page as the text the vendor sent, whatever stands in them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuegap.sources.json_page import split_page

ODD_RECORDS = [
    pytest.param(b'{"id":12345678901234567890123}', id="20-digit id keeps its digits"),
    pytest.param(b'{"id":' + b"9" * 5000 + b"}", id="number longer than Python converts"),
    pytest.param(b'{"amount":1.10}', id="trailing zero"),
    pytest.param(b'{"amount":1e400}', id="beyond a double"),
    pytest.param(b'{"score":NaN}', id="NaN"),
    pytest.param(b'{"id":1,"id":2}', id="repeated key"),
    pytest.param(rb'{"name":"\ud800"}', id="lone surrogate"),
    pytest.param(b'{"name":"\xff\xfe"}', id="invalid UTF-8"),
    pytest.param(b'{"name":"a\tb\x01"}', id="raw control characters"),
    pytest.param(b'{"name":"]},{[\\"\\\\"}', id="brackets and quotes inside text"),
    pytest.param('{"name":"\u202e\u00e9\U0001f600"}'.encode(), id="right-to-left, accent, emoji"),
    pytest.param(b'{ "spaced" : [ 1 , 2 ] }', id="spaces"),
    pytest.param(b'"not an object"', id="not an object"),
    pytest.param(b'{"a":' * 5000 + b'"]}\\"{["' + b"}" * 5000, id="nested 5,000 objects deep"),
    pytest.param(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="nested 100,000 lists deep"),
]


@pytest.mark.parametrize("record", ODD_RECORDS)
def test_a_record_keeps_its_bytes(record) -> None:
    body = b'{"total":2,"results":[' + record + b' , {"id":7}],"paging":{"next":{"after":"x"}}}'
    envelope, records = split_page(body, ("results",))
    assert records == (record, b'{"id":7}')
    assert envelope == {"total": 2, "paging": {"next": {"after": "x"}}}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=5),
    st.dictionaries(st.text().filter(lambda key: key != "elements"), JSON, max_size=3),
    st.sampled_from([None, 2]),
)
def test_any_page_splits_into_what_was_put_in(contents, beside, indent) -> None:
    page = {"meta": {"id": 1}, "result": {**beside, "elements": contents, "nextPage": None}}
    envelope, records = split_page(json.dumps(page, indent=indent).encode(), ("result", "elements"))
    assert [json.loads(record) for record in records] == contents
    assert not any(b"\n" in record for record in records)
    assert envelope == {"meta": {"id": 1}, "result": {**beside, "nextPage": None}}


def test_one_object_is_one_record() -> None:
    _, records = split_page(b'{"result":{"SurveyID":"SV_1"},"meta":{}}', ("result",))
    assert records == (b'{"SurveyID":"SV_1"}',)


def test_records_that_are_not_there_are_none_and_an_empty_list_is_not() -> None:
    assert split_page(b'{"total":0}', ("results",))[1] is None
    assert split_page(b'{"result":[]}', ("result", "elements"))[1] == ()
    assert split_page(b'{"results":[]}', ("results",))[1] == ()


@pytest.mark.parametrize("cut", [1, 2, 2500, 5001])
def test_a_deep_page_that_ends_early_is_no_page(cut) -> None:
    body = b'{"results":[' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"]}"
    assert split_page(body, ("results",))[1] == (body[12:-2],)
    with pytest.raises(ValueError, match=r".*"):
        split_page(body[:-cut], ("results",))


BODY = b'{"results":[{"id":"1","p":{"a":"x"}},{"id":"2"}],"total":2}'


@pytest.mark.parametrize("length", range(len(BODY)))
def test_no_beginning_of_a_page_is_a_page(length) -> None:
    with pytest.raises(ValueError, match=r".*"):
        split_page(BODY[:length], ("results",))


@pytest.mark.parametrize("body", [b"[1]", b'"text"', BODY + b"x", b'{"results":' + b"[" * 100_000])
def test_what_is_no_object_is_refused(body) -> None:
    with pytest.raises(ValueError, match=r".*"):
        split_page(body, ("results",))
