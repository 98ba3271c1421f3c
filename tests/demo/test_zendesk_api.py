from base64 import b64encode
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from valuegap.demo.faults import ArmedFault
from valuegap.demo.tokens import DEMO_TOKENS

TICKETS = "/api/v2/incremental/tickets/cursor.json"
USERS = "/api/v2/incremental/users/cursor.json"
ORGANIZATIONS = "/api/v2/incremental/organizations.json"
EVENTS = "/api/v2/incremental/ticket_events.json"
METRIC_EVENTS = "/api/v2/incremental/ticket_metric_events.json"
RATINGS, SURVEY_RESPONSES = "/api/v2/satisfaction_ratings", "/api/v2/guide/survey_responses"
TOKENS = "/oauth/tokens"
CLIENT = {"client_id": DEMO_TOKENS.zendesk_client, "client_secret": DEMO_TOKENS.zendesk_secret}
GRANT = {"grant_type": "client_credentials", **CLIENT}
NOW = datetime(2026, 2, 1, 0, 5, tzinfo=UTC)


def ticket(row):
    return {
        "id": row.id,
        "status": getattr(row, "status", "open"),
        "updated_at": f"{row.updated_at.isoformat()}Z",
        "generated_timestamp": int(row.generated_at.timestamp()),
        "custom_fields": [{"id": 1, "value": "x"}],
        "metric_set": {"reopens": 0},
    }


def plain(row):
    return {"id": row.id, "updated_at": f"{row.updated_at.isoformat()}Z"}


def at(second, **more):
    """Return a row changed `second` seconds after noon, 2026-01-05."""
    return {"updated_at": f"2026-01-05T12:{second // 60:02d}:{second % 60:02d}", **more}


@pytest.fixture
def serve(served, call, company_of, versions):
    """Return a function that serves the rows of each stream and calls Zendesk."""
    renders = {"tickets": ticket}

    def make(speed=None, **streams):
        made = {name: versions(rows, renders.get(name, plain)) for name, rows in streams.items()}
        server = served(company_of(zendesk=made), **({} if speed is None else {"speed": speed}))
        return server, call(server, "zendesk")

    return make


def pages_by_cursor(zendesk, path, stream, **params):
    pages = []
    for _ in range(100):
        answer = zendesk.get(path, **params)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        pages.append([found["id"] for found in body[stream]])
        if body["end_of_stream"]:
            return pages, body["after_cursor"]
        params = {**params, "cursor": body["after_cursor"]}
        params.pop("start_time", None)
    raise AssertionError("the export has no end")


def pages_by_time(zendesk, path, stream, **params):
    pages, url = [], path
    for _ in range(100):
        body = zendesk.get(url, **params).json()
        pages.append([found["id"] for found in body[stream]])
        assert body["count"] == len(pages[-1])
        if body["end_of_stream"]:
            return pages
        url, params = body["next_page"], {}
    raise AssertionError("the export has no end")


@pytest.mark.parametrize("per_page", [1, 2, 5, 16, 17, 18])
def test_cursor_export_returns_each_record_once_even_where_many_share_a_second(serve, per_page):
    _, zendesk = serve(users=[at(n // 5, id=100 - n) for n in range(17)])
    pages, _ = pages_by_cursor(zendesk, USERS, "users", start_time=0, per_page=per_page)
    expected = [
        number for second in range(4) for number in sorted(100 - n for n in range(17) if n // 5 == second)
    ]
    assert [number for page in pages for number in page] == expected
    assert {len(page) for page in pages[:-1]} <= {per_page}


def test_a_full_last_page_is_followed_by_an_empty_one(serve):
    _, zendesk = serve(users=[at(n, id=n) for n in range(1, 5)])
    pages, cursor = pages_by_cursor(zendesk, USERS, "users", start_time=0, per_page=2)
    assert pages == [[1, 2], [3, 4], []]
    assert zendesk.get(USERS, cursor=cursor).json()["after_cursor"] == cursor


def test_after_url_goes_on_where_the_cursor_does(serve):
    _, zendesk = serve(users=[at(n, id=n) for n in range(1, 6)])
    first = zendesk.get(USERS, start_time=0, per_page=2).json()
    assert [user["id"] for user in zendesk.get(first["after_url"]).json()["users"]] == [3, 4]


def test_tickets_come_in_order_of_the_vendors_clock_not_of_their_updates(serve):
    system_update = {"updated_at": "2025-06-01", "visible_at": "2026-01-10", "generated_at": "2026-01-10"}
    _, zendesk = serve(tickets=[at(1, id=1), {"id": 2, **system_update}, at(2, id=3)])
    pages, _ = pages_by_cursor(zendesk, TICKETS, "tickets", start_time=0)
    assert pages == [[1, 3, 2]]
    since = int(datetime(2026, 1, 9, tzinfo=UTC).timestamp())
    [last] = zendesk.get(TICKETS, start_time=since).json()["tickets"]
    assert (last["id"], last["updated_at"]) == (2, "2025-06-01T00:00:00Z")


def test_the_kept_cursor_brings_the_next_nights_changes_only(serve):
    change = {"updated_at": "2026-02-01T09:00", "status": "solved"}
    server, zendesk = serve(tickets=[at(1, id=1), at(2, id=2), at(3, id=3), {"id": 1, **change}])
    _, cursor = pages_by_cursor(zendesk, TICKETS, "tickets", start_time=0, per_page=2)
    assert zendesk.get(TICKETS, cursor=cursor).json()["tickets"] == []
    server.clock.move_to(date(2026, 2, 1))
    [changed] = zendesk.get(TICKETS, cursor=cursor).json()["tickets"]
    assert (changed["id"], changed["status"]) == (1, "solved")


@pytest.mark.parametrize("path", [TICKETS, ORGANIZATIONS])
def test_start_time_is_at_least_a_minute_old(serve, path):
    _, zendesk = serve()
    now = int(NOW.timestamp())
    refused = zendesk.get(path, start_time=now - 59)
    assert refused.status_code == 422
    assert refused.json()["error"] == "StartTimeTooRecent"
    assert zendesk.get(path, start_time=now - 60).status_code == 200
    assert zendesk.get(path, start_time=f"{now - 60}.7").status_code == 200
    for nonsense in ("", "soon", "inf"):
        assert zendesk.get(path, start_time=nonsense).status_code == 400


def test_the_last_minute_is_invisible_until_the_next_night(serve):
    rows = [{"id": 1, "updated_at": "2026-02-01T00:04:00"}, {"id": 2, "updated_at": "2026-02-01T00:04:01"}]
    server, zendesk = serve(users=rows, organizations=rows)
    pages, cursor = pages_by_cursor(zendesk, USERS, "users", start_time=0)
    assert pages == [[1]]
    assert pages_by_time(zendesk, ORGANIZATIONS, "organizations", start_time=0) == [[1]]
    server.clock.move_to(date(2026, 2, 1))
    assert pages_by_cursor(zendesk, USERS, "users", cursor=cursor)[0] == [[2]]


@pytest.mark.parametrize("per_page", [3, 4, 11, 50])
def test_time_export_misses_nothing_and_repeats_only_the_second_a_page_ended_in(serve, per_page):
    _, zendesk = serve(organizations=[at(n // 2, id=n) for n in range(1, 24)])
    pages = pages_by_time(zendesk, ORGANIZATIONS, "organizations", start_time=0, per_page=per_page)
    assert {number for page in pages for number in page} == set(range(1, 24))
    for page, following in pairwise(pages):
        ended_in = page[-1] // 2
        assert {number // 2 for number in set(page) & set(following)} == {ended_in}
        assert following[0] // 2 == ended_in


def test_time_export_cannot_leave_a_second_that_fills_a_page(serve):
    _, zendesk = serve(organizations=[at(7, id=n) for n in range(1, 6)])
    first = zendesk.get(ORGANIZATIONS, start_time=0, per_page=3).json()
    second = zendesk.get(first["next_page"]).json()
    assert not first["end_of_stream"]
    assert second["next_page"] == first["next_page"]
    assert [each["id"] for each in second["organizations"]] == [1, 2, 3]


def test_an_empty_time_export_has_no_next_page(serve):
    _, zendesk = serve(organizations=[])
    assert zendesk.get(ORGANIZATIONS, start_time=0).json() == {
        "organizations": [],
        "count": 0,
        "end_time": None,
        "next_page": None,
        "end_of_stream": True,
    }


def test_a_page_holds_a_thousand_records_however_many_are_asked_for(serve):
    _, zendesk = serve(users=[at(n, id=n) for n in range(1, 1206)])
    for params in ({}, {"per_page": 5000}):
        pages, _ = pages_by_cursor(zendesk, USERS, "users", start_time=0, **params)
        assert [len(page) for page in pages] == [1000, 205]
    for nonsense in ("0", "-1", "all"):
        assert zendesk.get(USERS, start_time=0, per_page=nonsense).status_code == 400


def test_metric_sets_are_embedded_only_when_asked_for(serve):
    _, zendesk = serve(tickets=[at(1, id=1)])
    [bare] = zendesk.get(TICKETS, start_time=0).json()["tickets"]
    [full] = zendesk.get(TICKETS, start_time=0, include="metric_sets").json()["tickets"]
    assert "metric_set" not in bare
    assert full["metric_set"] == {"reopens": 0}
    assert full["fields"] == full["custom_fields"]


def test_deleted_tickets_are_exported_unless_excluded(serve):
    _, zendesk = serve(tickets=[at(1, id=1, status="open"), at(2, id=2, status="deleted", state="deleted")])
    statuses = [found["status"] for found in zendesk.get(TICKETS, start_time=0).json()["tickets"]]
    assert statuses == ["open", "deleted"]
    kept = zendesk.get(TICKETS, start_time=0, exclude_deleted="true").json()
    assert [found["id"] for found in kept["tickets"]] == [1]


def test_comments_are_among_the_events_only_when_asked_for(served, call, company_of, versions):
    children = [{"event_type": "Create", "status": "new"}, {"event_type": "Comment", "public": True}]
    events = versions([at(1, id=1)], lambda row: {"id": row.id, "child_events": list(children)})
    zendesk = call(served(company_of(zendesk={"ticket_events": events})), "zendesk")
    [bare] = zendesk.get(EVENTS, start_time=0).json()["ticket_events"]
    [full] = zendesk.get(EVENTS, start_time=0, include="comment_events").json()["ticket_events"]
    assert bare["child_events"] == children[:1]
    assert full["child_events"] == children


def test_a_cursor_nobody_gave_is_refused(serve):
    _, zendesk = serve()
    for cursor in ("nonsense", "MTIz", "%%%"):
        answer = zendesk.get(TICKETS, cursor=cursor)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["code"] == "InvalidCursor"


def basic(text):
    return f"Basic {b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("authorization", "error"),
    [
        (basic(f"{DEMO_TOKENS.zendesk_email}/token:{DEMO_TOKENS.zendesk}"), None),
        (f"Bearer {DEMO_TOKENS.zendesk}", None),
        (basic(f"{DEMO_TOKENS.zendesk_email}:{DEMO_TOKENS.zendesk}"), "Couldn't authenticate you"),
        ("Bearer wrong", "invalid_token"),
        ("", "Couldn't authenticate you"),
    ],
)
def test_the_api_token_opens_as_basic_and_as_bearer_and_nothing_else_does(serve, call, authorization, error):
    server, _ = serve(users=[at(1, id=1)])
    answer = call(server, "zendesk", {"Authorization": authorization}).get(USERS, start_time=0)
    assert answer.status_code == (401 if error else 200)
    assert answer.json().get("error") == error


@pytest.mark.parametrize("kind", ["json", "data"])
def test_an_access_token_opens_until_it_ends(serve, call, kind):
    server, zendesk = serve(users=[at(1, id=1)])
    asked = {**GRANT, "scope": "read", "expires_in": "1800"}
    answer = zendesk.session.post(zendesk.base_url + TOKENS, timeout=30, **{kind: asked}).json()
    assert (answer["token_type"], answer["scope"], answer["expires_in"]) == ("bearer", "read", 1800)
    bearer = call(server, "zendesk", {"Authorization": f"Bearer {answer['access_token']}"})
    assert bearer.get(USERS, start_time=0).status_code == 200
    server.clock.now += timedelta(seconds=1800)
    refused = bearer.get(USERS, start_time=0)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")


def test_an_access_token_without_an_end_is_good_until_it_is_withdrawn(serve, call):
    server, zendesk = serve(users=[at(1, id=1)])
    answer = zendesk.post(TOKENS, GRANT).json()
    assert "expires_in" not in answer
    bearer = call(server, "zendesk", {"Authorization": f"Bearer {answer['access_token']}"})
    server.clock.now += timedelta(days=400)
    assert bearer.get(USERS, start_time=0).status_code == 200
    server.faults.arm(ArmedFault("zendesk_token_expired", "zendesk"))
    assert [bearer.get(USERS, start_time=0).status_code for _ in range(2)] == [401, 401]
    assert server.faults.counts["zendesk", "zendesk_token_expired"] == 1


@pytest.mark.parametrize(
    ("asked", "status", "error"),
    [
        ({**GRANT, "client_secret": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        ({**GRANT, "grant_type": "password"}, 400, "unsupported_grant_type"),
        ([], 400, "invalid_request"),
    ],
)
def test_no_token_is_given_to_others_or_for_another_grant(serve, asked, status, error):
    _, zendesk = serve()
    answer = zendesk.post(TOKENS, asked)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert "error_description" in answer.json()


def test_all_exports_share_ten_requests_a_minute(serve):
    _, zendesk = serve(speed=0.1)
    paths = (TICKETS, USERS, ORGANIZATIONS, EVENTS, "/api/v2/incremental/users/cursor")
    answers = [zendesk.get(paths[n % 5], start_time=0) for n in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[10].json()["error"] == "APIRateLimitExceeded"
    assert 590 <= int(answers[10].headers["Retry-After"]) <= 600
    assert answers[9].headers["zendesk-ratelimit-incremental-exports"].startswith("total=10; remaining=0;")
    assert answers[9].headers["X-Rate-Limit-Remaining"] == "690"


def test_what_is_not_served_is_not_found(serve):
    _, zendesk = serve()
    answer = zendesk.get("/api/v2/groups.json")
    assert answer.status_code == 404
    assert answer.json()["error"] == "InvalidEndpoint"


def test_a_cursor_can_expire(serve):
    server, zendesk = serve(users=[at(n, id=n) for n in range(1, 5)])
    first = zendesk.get(USERS, start_time=0, per_page=2).json()
    server.faults.arm(ArmedFault("zendesk_expired_cursor", "zendesk", "users"))
    assert zendesk.get(USERS, start_time=0).status_code == 200
    refused = zendesk.get(USERS, cursor=first["after_cursor"])
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "InvalidCursor")
    assert zendesk.get(USERS, cursor=first["after_cursor"]).status_code == 200


def test_a_deleted_ticket_loses_its_texts_after_thirty_days(served, call, company_of, versions):
    def render(row):
        return {**ticket(row), "subject": "Help!", "description": "It is broken."}

    rows = [
        {"id": 1, "updated_at": "2026-01-01", "status": "open"},
        {"id": 2, "updated_at": "2026-01-01T06:00", "status": "deleted", "state": "deleted"},
        {"id": 3, "updated_at": "2026-01-10", "status": "deleted", "state": "deleted"},
    ]
    zendesk = call(served(company_of(zendesk={"tickets": versions(rows, render)})), "zendesk")
    found = zendesk.get(TICKETS, start_time=0).json()["tickets"]
    assert [each["subject"] for each in found] == ["Help!", "SCRUBBED", "Help!"]
    assert found[1]["description"] == "SCRUBBED"


# --- metric events ------------------------------------------------------------------------------------


def test_metric_events_come_by_time_without_saying_when_they_end(serve):
    late = {"id": 9, "updated_at": "2026-01-05T12:00:02", "visible_at": "2026-01-20"}
    _, zendesk = serve(ticket_metric_events=[at(n, id=n) for n in range(1, 5)] + [late])
    answer = zendesk.get(METRIC_EVENTS, start_time=0, per_page=3).json()
    assert [each["id"] for each in answer["ticket_metric_events"]] == [1, 2, 9]
    assert "end_of_stream" not in answer
    assert answer["next_page"].endswith(f"start_time={answer['end_time']}")


def test_metric_events_are_listed_past_a_full_second(serve):
    _, zendesk = serve(ticket_metric_events=[at(7, id=n) for n in range(1, 8)] + [at(8, id=8)])
    seventh = int(datetime(2026, 1, 5, 12, 0, 7, tzinfo=UTC).timestamp())
    params, pages = {"start_time": seventh, "page[size]": 3}, []
    for _ in range(3):
        answer = zendesk.get(METRIC_EVENTS, **params).json()
        pages.append([each["id"] for each in answer["ticket_metric_events"]])
        params["page[after]"] = answer["meta"]["after_cursor"]
    assert pages == [[1, 2, 3], [4, 5, 6], [7, 8]]
    assert answer["meta"]["has_more"] is False
    assert zendesk.get(METRIC_EVENTS, start_time=0, **{"page[size]": 101}).status_code == 400


# --- lists ----------------------------------------------------------------------------------------------


def listed(zendesk, path, name, **params):
    pages = []
    for _ in range(100):
        answer = zendesk.get(path, **params)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        pages.append([found["id"] for found in body[name]])
        if not body["meta"]["has_more"]:
            assert body["links"]["next"] is None
            return pages
        assert zendesk.get(body["links"]["next"]).status_code == 200
        params["page[after]"] = body["meta"]["after_cursor"]
    raise AssertionError("the list has no end")


LISTS = {
    "/api/v2/users": ("users", "users"),
    "/api/v2/organizations.json": ("organizations", "organizations"),
    "/api/v2/ticket_fields": ("ticket_fields", "ticket_fields"),
    RATINGS: ("satisfaction_ratings", "satisfaction_ratings"),
    SURVEY_RESPONSES: ("csat_responses", "survey_responses"),
}


@pytest.mark.parametrize("path", LISTS)
def test_a_list_holds_each_live_record_once_in_order_of_ids(serve, path):
    stream, name = LISTS[path]
    rows = [at(20 - n, id=n) for n in range(1, 8)]
    rows += [
        {"id": n, "updated_at": "2026-01-06", "state": state} for n, state in ((3, "deleted"), (5, "merged"))
    ]
    _, zendesk = serve(**{stream: rows})
    assert listed(zendesk, path, name, **{"page[size]": 2}) == [[1, 2], [4, 6], [7]]
    assert listed(zendesk, path, name) == [[1, 2, 4, 6, 7]]
    most = 50 if path == SURVEY_RESPONSES else 100
    assert zendesk.get(path, **{"page[size]": most}).status_code == 200
    for size in (str(most + 1), "0", "all"):
        assert zendesk.get(path, **{"page[size]": size}).status_code == 400
    assert zendesk.get(path, **{"page[after]": "nonsense"}).json()["errors"][0]["code"] == "InvalidCursor"


@pytest.mark.parametrize("path", [*LISTS, "/api/v2/deleted_tickets"])
def test_a_company_without_records_has_an_empty_list(serve, path):
    _, zendesk = serve()
    name = LISTS.get(path, ("", "deleted_tickets"))[1]
    assert listed(zendesk, path, name) == [[]]


def test_merged_and_purged_records_are_in_no_export(serve):
    rows = [at(n, id=n) for n in (1, 2)] + [{"id": 1, "updated_at": "2026-01-06", "state": "merged"}]
    _, zendesk = serve(users=rows)
    assert pages_by_cursor(zendesk, USERS, "users", start_time=0)[0] == [[2]]


def test_survey_responses_are_found_by_when_they_were_offered(serve):
    rows = [
        {"id": 1, "updated_at": "2026-01-02", "created_at": "2026-01-02"},
        {"id": 1, "updated_at": "2026-01-09", "created_at": "2026-01-02"},
        {"id": 2, "updated_at": "2026-01-05", "created_at": "2026-01-05"},
    ]
    _, zendesk = serve(csat_responses=rows)
    since = int(datetime(2026, 1, 3, tzinfo=UTC).timestamp()) * 1000
    assert listed(zendesk, SURVEY_RESPONSES, "survey_responses", **{"filter[created_at_start]": since}) == [
        [2]
    ]
    assert listed(zendesk, SURVEY_RESPONSES, "survey_responses", **{"filter[created_at_end]": since}) == [[1]]
    assert zendesk.get(SURVEY_RESPONSES, **{"filter[created_at_start]": "soon"}).status_code == 400


def test_ratings_are_found_by_seconds(serve):
    _, zendesk = serve(satisfaction_ratings=[at(n, id=n) for n in range(1, 6)])
    second = int(datetime(2026, 1, 5, 12, 0, 2, tzinfo=UTC).timestamp())
    assert listed(zendesk, RATINGS, "satisfaction_ratings", start_time=second, end_time=second + 2) == [
        [2, 3, 4]
    ]


@pytest.mark.parametrize("path", [RATINGS, SURVEY_RESPONSES])
def test_a_plan_may_not_have_ratings(serve, path):
    server, zendesk = serve()
    server.faults.arm(ArmedFault("zendesk_plan_gate", "zendesk", path))
    refused = zendesk.get(path)
    assert refused.status_code == 403
    assert refused.json() == {
        "error": {"title": "Forbidden", "message": "You do not have access to this page."}
    }


def test_deleted_tickets_are_listed_for_thirty_days_unless_they_were_archived(serve):
    deleted = {"state": "deleted", "status": "deleted"}
    rows = [
        {"id": 1, "updated_at": "2026-01-02", "status": "open"},
        {"id": 1, "updated_at": "2026-01-20T10:00:00", **deleted},
        {"id": 1, "updated_at": "2026-03-01", "status": "pending"},
        {"id": 2, "updated_at": "2025-12-01", "status": "solved"},
        {"id": 2, "updated_at": "2025-12-31", **deleted},
        {"id": 3, "updated_at": "2025-06-01", "status": "closed"},
        {"id": 3, "updated_at": "2026-01-20", **deleted},
        {"id": 4, "updated_at": "2026-01-02", "status": "open"},
        {"id": 5, "updated_at": "2026-01-02", "status": "pending"},
        {"id": 5, "updated_at": "2026-01-20", **deleted},
        {"id": 5, "updated_at": "2026-01-21", "status": "pending"},
    ]
    _, zendesk = serve(tickets=rows)
    [found] = zendesk.get("/api/v2/deleted_tickets").json()["deleted_tickets"]
    assert (found["id"], found["previous_state"], found["deleted_at"]) == (1, "open", "2026-01-20T10:00:00Z")


def test_lists_of_deleted_tickets_have_a_limit_of_their_own(serve):
    _, zendesk = serve(speed=0.1)
    statuses = [zendesk.get("/api/v2/deleted_tickets").status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    answer = zendesk.get("/api/v2/users")
    assert answer.headers["ratelimit-remaining"] == "689"
    assert "zendesk-ratelimit-incremental-exports" not in answer.headers
