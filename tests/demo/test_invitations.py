"""Who is invited to the demo company's surveys: recipients, distributions and responses agree."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from valuegap.demo.accounts import NO_ADDRESS
from valuegap.demo.company import generate_company
from valuegap.demo.invitations import ANSWERED, DIRECTORY
from valuegap.demo.records import Company

FIRST = date(2026, 1, 31)
NIGHTS = 5
ENDS = [datetime(2026, 2, 1, tzinfo=UTC) + timedelta(days=night, seconds=-1) for night in range(NIGHTS)]


@pytest.fixture(scope="module")
def company() -> Company:
    return generate_company(seed=11, size="S", nights=NIGHTS, first_night=FIRST)


def recipients_at(company: Company, instant: datetime) -> pd.DataFrame:
    """Everybody invited by then, as the vendor shows it."""
    records = [
        record
        for versions in company.qualtrics_invitations.values()
        for record in versions.render(versions.current(instant))
    ]
    return pd.DataFrame(records)


@pytest.mark.parametrize("instant", ENDS, ids=str)
def test_a_distribution_counts_the_recipients_its_history_lists(company, instant) -> None:
    shown = recipients_at(company, instant).set_index("distributionId")
    for versions in company.qualtrics_distributions.values():
        for distribution in versions.render(versions.current(instant)):
            own, stats = shown[shown.index == distribution["id"]], distribution["stats"]
            counts = own["status"].value_counts()
            assert stats["sent"] == len(own) - counts.get("Blocked", 0)
            assert stats["bounced"] == counts.get("HardBounce", 0)
            assert stats["blocked"] == counts.get("Blocked", 0)
            assert stats["opened"] == own["openedAt"].notna().sum()
            assert stats["started"] == own["responseStartedAt"].notna().sum()
            assert stats["finished"] == counts.get("SurveyFinished", 0)


def test_everybody_who_answered_under_their_own_name_was_invited_once(company) -> None:
    invited = recipients_at(company, ENDS[-1])
    earliest = invited["sentAt"].min()[:10]
    for survey_id, versions in company.qualtrics_responses.items():
        if survey_id not in company.qualtrics_distributions:
            continue
        current = versions.current(ENDS[-1])
        named = current[current["email_style"] != NO_ADDRESS]
        recent = named[named["recorded_at"] > pd.Timestamp(earliest) + pd.Timedelta(days=21)]
        own = invited[invited["distributionId"].str.startswith(f"EMD_{survey_id.removeprefix('SV_')}")]
        answered = own["responseId"].dropna()
        assert answered.is_unique
        assert set(recent["id"]) <= set(answered) <= set(named["id"])


def test_steps_of_an_invitation_follow_each_other(company) -> None:
    shown = recipients_at(company, ENDS[-1])
    times = shown[["sentAt", "openedAt", "responseStartedAt", "responseCompletedAt"]].apply(pd.to_datetime)
    for earlier, later in zip(times, list(times)[1:], strict=False):
        both = times[[earlier, later]].dropna()
        assert (both[earlier] <= both[later]).all()
    assert shown["sentAt"].notna().all()
    # An invitation nobody opened was not answered either.
    assert not (times["openedAt"].isna() & times["responseStartedAt"].notna()).any()


def test_a_recipient_moves_on_from_night_to_night_without_a_time_of_change(company) -> None:
    first, last = (recipients_at(company, ENDS[each]).set_index("contactLookupId") for each in (0, -1))
    assert set(first.index) < set(last.index)
    moved = first.index[first["status"] != last.loc[first.index, "status"]]
    assert len(moved) > 0
    assert "updatedAt" not in last.columns


def test_the_planted_share_of_each_segment_answers(company) -> None:
    [contacts] = company.qualtrics_contacts.values()
    people = contacts.frame.set_index("id")
    shown = recipients_at(company, ENDS[-1])
    relationship = shown[shown["distributionId"].str.contains("relationship")]
    account = people.loc[relationship["contactId"], "account"].to_numpy()
    segment = _segments(company)[account]
    has_answered = relationship["responseId"].notna().to_numpy()
    for code, share in enumerate(ANSWERED):
        own = has_answered[segment == code]
        assert abs(own.mean() - share) < 4 * np.sqrt(share * (1 - share) / len(own))


def _segments(company: Company) -> np.ndarray:
    """Market segment of each account, as the CRM has it."""
    frame = company.hubspot["companies"].frame
    return frame.drop_duplicates("account").set_index("account")["market_segment"].sort_index().to_numpy()


def test_everybody_invited_stands_in_the_directory(company) -> None:
    [(directory, contacts)] = company.qualtrics_contacts.items()
    assert directory == DIRECTORY
    listed = contacts.render(contacts.current(ENDS[-1]))
    assert {each["contactId"] for each in listed} == set(recipients_at(company, ENDS[-1])["contactId"])
    assert all(each["email"] for each in listed)
    by_contact = recipients_at(company, ENDS[-1]).groupby("contactId")["status"]
    blocked = by_contact.agg(lambda statuses: (statuses == "Blocked").all())
    assert {each["contactId"]: each["unsubscribed"] for each in listed} == blocked.to_dict()
    assert 0 < blocked.mean() < 0.05
