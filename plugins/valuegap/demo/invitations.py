"""Who was invited to the surveys, one record a recipient, and what became of each invitation.

Whoever answered under his own name was invited; those who did not answer are drawn beside them, so that a
planted share of the invited answers, by market segment. Distributions count their recipients: the two agree.
Answers through an anonymous link have no recipient. The vendor keeps recipients for `KEPT_MONTHS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuegap.demo import names
from valuegap.demo.accounts import NEVER, NO_ADDRESS, Flags, Index
from valuegap.demo.chance import Floats, codes, stream_of
from valuegap.demo.horizon import Times, days, hours
from valuegap.demo.records import Versions
from valuegap.demo.rendering import Record, iso, looked_up
from valuegap.demo.respondents import Population
from valuegap.demo.revisions import keeps_stage, state_column
from valuegap.demo.tickets import SOLVED
from valuegap.demo.world import LANGUAGES, MARKET_SEGMENTS

DIRECTORY = "POOL_demo"
KEPT_MONTHS = 13  # before the first night
ANSWERED = np.array([0.60, 0.45, 0.35])  # of the invited, by market segment; fewer where few can be invited
OPTED_OUT = 0.5  # of the people who answer nothing
FATE_SHARES = np.array([0.03, 0.45, 0.47, 0.05])  # of invitations that nobody answers
BOUNCED, IGNORED, OPENED, STARTED, BLOCKED, ANSWERING = range(6)
REPEATED = 0.10  # of those who were invited within the last month may be invited again
REPEATED_WITHIN = np.timedelta64(30, "D")
COUNTED_AT = np.timedelta64(24 * 3600 - 1, "s")

ASKED_AT_ONCE = np.timedelta64(20, "m")  # a form in the shop or the link below a ticket's last message
STAGES = ("sent_at", "opened_at", "started_at", "completed_at")


@dataclass(frozen=True)
class Invitations:
    """Distributions by survey, their recipients by distribution, and people by directory."""

    distributions: Mapping[str, Versions]
    recipients: Mapping[str, Versions]
    contacts: Mapping[str, Versions]


@dataclass(frozen=True)
class Asked:
    """People who may be invited to one survey in one month, and when each would be."""

    person: Index
    at: Times


def make_invitations(population: Population, responses: Mapping[str, Versions]) -> Invitations:
    """Make the distributions of the customers' surveys, their recipients, and the directory of people."""
    distributions, recipients, invited = {}, {}, []
    is_opted_out = _opted_out(population, responses)
    for survey_id, candidates in _CANDIDATES.items():
        rng = stream_of(population.seed, f"invitations to {survey_id}")
        frame = _recipients(rng, population, responses[survey_id], candidates, is_opted_out)
        invited.append(frame)
        months = population.horizon.month_of(frame["sent_at"].to_numpy())
        by_id = {
            f"EMD_{survey_id.removeprefix('SV_')}{month:03d}": frame[months == month]
            for month in np.unique(months).tolist()
        }
        distributions[survey_id] = _distributions(population, survey_id, by_id)
        for distribution_id, rows in by_id.items():
            recipients[distribution_id] = _versions(population, survey_id, distribution_id, rows)
    return Invitations(distributions, recipients, {DIRECTORY: _contacts(population, pd.concat(invited))})


def _opted_out(population: Population, responses: Mapping[str, Versions]) -> Flags:
    """Say who wants no invitation: a share of those who never answered one."""
    rng = stream_of(population.seed, "opted out of surveys")
    is_opted_out = rng.random(population.people.count) < OPTED_OUT
    for survey_id in _CANDIDATES:
        is_opted_out[responses[survey_id].frame["person"].to_numpy()] = False
    return is_opted_out


def _may_be_mailed(population: Population) -> Flags:
    people = population.people
    return np.asarray(people.has_crm_record & (people.emails["qualtrics"] != NO_ADDRESS))


def _customers_of(rng: np.random.Generator, population: Population, month: int) -> Asked:
    """Everybody who works for a customer that lives in that month."""
    people, horizon = population.people, population.horizon
    start, end = horizon.month_start(np.array([month, month + 1]))
    at = start + days((min(end, horizon.until) - start) / np.timedelta64(1, "D") * rng.random(people.count))
    may_be = _may_be_mailed(population) & (people.created_at <= at)
    may_be &= population.accounts.is_alive(people.account, at, horizon)
    person = np.flatnonzero(may_be)
    return Asked(person, at[person])


def _newcomers_of(_rng: np.random.Generator, population: Population, month: int) -> Asked:
    """The first person of every account acquired in that month."""
    accounts, horizon = population.accounts, population.horizon
    account = np.flatnonzero(
        accounts.is_acquired_in_history & (horizon.month_of(accounts.created_at) == month)
    )
    person = population.people.first_of_account[account]
    at = accounts.created_at[account] + np.timedelta64(1, "h")
    is_asked = _may_be_mailed(population)[person] & (at < horizon.until)
    return Asked(person[is_asked], at[is_asked])


def _requesters_of(rng: np.random.Generator, population: Population, month: int) -> Asked:
    """The requester of every ticket solved in that month."""
    tickets, horizon = population.tickets, population.horizon
    solved_at = tickets.at[:, SOLVED]
    ticket = np.flatnonzero(solved_at < horizon.until)
    ticket = ticket[horizon.month_of(solved_at[ticket]) == month]
    person, at = tickets.requester[ticket], solved_at[ticket] + hours(0.2 + 0.3 * rng.random(len(ticket)))
    is_asked = _may_be_mailed(population)[person] & (at < horizon.until)
    return Asked(person[is_asked], at[is_asked])


Candidates = Callable[[np.random.Generator, Population, int], Asked]
_CANDIDATES: Mapping[str, Candidates] = {
    "SV_prepurchase01": _newcomers_of,
    "SV_relationship01": _customers_of,
    "SV_ticket01": _requesters_of,
}


def _recipients(
    rng: np.random.Generator,
    population: Population,
    responses: Versions,
    candidates: Candidates,
    is_opted_out: Flags,
) -> pd.DataFrame:
    """Return one row a recipient, in the order of their invitations."""
    answering = _answering(rng, population, responses, is_at_once=candidates is not _customers_of)
    silent = _silent(rng, population, answering, candidates, is_opted_out)
    frame = pd.concat([answering, silent], ignore_index=True)
    return frame.sort_values(["sent_at", "person"], kind="stable", ignore_index=True)


def _answering(
    rng: np.random.Generator, population: Population, responses: Versions, *, is_at_once: bool
) -> pd.DataFrame:
    """Return those who answered under their own name, with when they were asked."""
    frame = responses.frame
    ids = frame["id"].to_numpy()
    is_first = np.append(True, ids[1:] != ids[:-1])[: len(ids)]
    given = frame[is_first & (frame["email_style"] != NO_ADDRESS).to_numpy(bool)]
    completed_at = given["recorded_at"].to_numpy()
    started_at = completed_at - given["duration"].to_numpy().astype("timedelta64[s]")
    thought_over = hours(1.0 + rng.exponential(40.0, len(given)).clip(max=480.0))
    sent_at = started_at - (ASKED_AT_ONCE if is_at_once else thought_over)
    rows = pd.DataFrame(
        {
            "person": given["person"].to_numpy(np.int64),
            "fate": np.int8(ANSWERING),
            "response_id": given["id"].to_numpy(),
            "is_finished": given["is_finished"].to_numpy(bool),
            "sent_at": sent_at,
            "opened_at": _after(sent_at, started_at, rng.random(len(given))),
            "started_at": started_at,
            "completed_at": np.where(given["is_finished"], completed_at, NEVER),
            "shown_at": given["visible_at"].to_numpy(),
        }
    )
    kept: pd.DataFrame = rows[sent_at >= _kept_since(population)]
    return kept


def _after(first: Times, last: Times, share: Floats) -> Times:
    """Return an instant on the way from one to the other, on a whole second."""
    seconds = np.floor((last - first) / np.timedelta64(1, "s") * share)
    return np.asarray(first + seconds.astype("timedelta64[s]"))


def _kept_since(population: Population) -> np.datetime64:
    horizon = population.horizon
    first_night = int(horizon.month_of(horizon.since))
    return np.datetime64(horizon.month_start(np.array([first_night - KEPT_MONTHS]))[0])


def _silent(
    rng: np.random.Generator,
    population: Population,
    answering: pd.DataFrame,
    candidates: Candidates,
    is_opted_out: Flags,
) -> pd.DataFrame:
    """Draw those who were invited and did not answer, month by month."""
    horizon = population.horizon
    months = horizon.month_of(answering["sent_at"].to_numpy())
    last_asked_at = np.full(population.people.count, np.datetime64("0001-01-01", "us"))
    parts = []
    for month in np.unique(months).tolist():
        rows = answering[months == month]
        asked = candidates(rng, population, month)
        taken = np.zeros(population.people.count, dtype=bool)
        taken[rows["person"].to_numpy()] = True
        is_repeated = asked.at - last_asked_at[asked.person] < REPEATED_WITHIN
        may_be = ~taken[asked.person] & (~is_repeated | (rng.random(len(asked.at)) < REPEATED))
        person, at = asked.person[may_be], asked.at[may_be]
        chosen = _as_many_as_stay_silent(
            rng, _segment(population, rows["person"].to_numpy()), person, population
        )
        parts.append(_ignoring(rng, person[chosen], at[chosen], is_opted_out))
        last_asked_at[rows["person"].to_numpy()] = rows["sent_at"].to_numpy()
        last_asked_at[person[chosen]] = at[chosen]
    return pd.concat(parts, ignore_index=True)


def _segment(population: Population, person: Index) -> Index:
    account = population.people.account[person]
    segment = population.accounts.market_segment[account]
    return np.where(account >= 0, segment, len(MARKET_SEGMENTS) - 1).astype(np.int64)


def _as_many_as_stay_silent(
    rng: np.random.Generator, answered: Index, candidates: Index, population: Population
) -> NDArray[np.int64]:
    """Pick of each market segment's candidates so many that the planted share of the invited answers."""
    wanted = np.round(np.bincount(answered, minlength=len(MARKET_SEGMENTS)) * (1.0 / ANSWERED - 1.0))
    order = rng.permutation(len(candidates))
    segment = _segment(population, candidates[order])
    picked = [order[segment == code][: int(count)] for code, count in enumerate(wanted)]
    return np.sort(np.concatenate(picked))


def _ignoring(rng: np.random.Generator, person: Index, sent_at: Times, is_opted_out: Flags) -> pd.DataFrame:
    count = len(person)
    fate = np.where(is_opted_out[person], BLOCKED, codes(rng, FATE_SHARES, count)).astype(np.int8)
    opened_at = sent_at + hours(0.1 + rng.exponential(20.0, count))
    started_at = opened_at + np.timedelta64(1, "m")
    return pd.DataFrame(
        {
            "person": person,
            "fate": fate,
            "response_id": None,
            "is_finished": False,
            "sent_at": sent_at,
            "opened_at": np.where((fate == OPENED) | (fate == STARTED), opened_at, NEVER),
            "started_at": np.where(fate == STARTED, started_at, NEVER),
            "completed_at": NEVER,
            "shown_at": NEVER,
        }
    )


def _versions(population: Population, survey_id: str, distribution_id: str, rows: pd.DataFrame) -> Versions:
    """Return the recipients of one distribution, with a version for each step during the nights."""
    stages = [rows[name].to_numpy() for name in ("sent_at", "opened_at", "started_at", "shown_at")]
    kept = keeps_stage(stages, population.horizon)
    number = np.arange(1, len(rows) + 1)
    parts = []
    for stage, (is_kept, at) in enumerate(zip(kept, stages, strict=True)):
        part = rows[is_kept].assign(number=number[is_kept], visible_at=at[is_kept], stage=stage)
        for later in STAGES[stage + 1 :]:
            part[later] = NEVER
        parts.append(part)
    frame = pd.concat(parts, ignore_index=True).sort_values(["number", "stage"], ignore_index=True)
    short = distribution_id.removeprefix("EMD_")
    frame["id"] = [f"CGC_{short}{each:06d}" for each in frame["number"].tolist()]
    frame["updated_at"] = frame["visible_at"]
    frame["state"] = state_column("live", len(frame))
    return Versions(frame, lambda shown: _render_recipients(survey_id, distribution_id, shown))


_STATUS_OF_STAGE = ("Success", "Opened", "SurveyStarted")


def _status(fate: int, stage: int, *, is_finished: bool) -> str:
    if fate == BOUNCED:
        return "HardBounce"
    if fate == BLOCKED:
        return "Blocked"
    if stage < len(_STATUS_OF_STAGE):
        return _STATUS_OF_STAGE[stage]
    return "SurveyFinished" if is_finished else "SurveyPartiallyFinished"


def _render_recipients(survey_id: str, distribution_id: str, rows: pd.DataFrame) -> list[Record]:
    """Return entries of a distribution's history."""
    known = (rows[name].tolist() for name in ("id", "person", "fate", "stage", "is_finished", "response_id"))
    times = zip(*(iso(rows[name]) for name in STAGES), strict=True)
    return [
        {
            "contactId": contact_id(person),
            "contactLookupId": lookup_id,
            "distributionId": distribution_id,
            "status": _status(fate, stage, is_finished=is_finished),
            "surveyLink": None if fate == BLOCKED else _link(survey_id, distribution_id, lookup_id),
            "contactFrequencyRuleId": None,
            "responseId": response_id if stage == len(STAGES) - 1 else None,
            "responseCompletedAt": completed_at,
            "sentAt": sent_at,
            "openedAt": opened_at,
            "responseStartedAt": started_at,
            "surveySessionId": f"FS_{lookup_id.removeprefix('CGC_')}" if started_at else None,
        }
        for (lookup_id, person, fate, stage, is_finished, response_id), (
            sent_at,
            opened_at,
            started_at,
            completed_at,
        ) in zip(zip(*known, strict=True), times, strict=True)
    ]


def contact_id(person: int) -> str:
    """Return the directory's id of a person."""
    return f"CID_{person + 1:09d}"


def _link(survey_id: str, distribution_id: str, lookup_id: str) -> str:
    return f"https://demo.example/jfe/form/{survey_id}?Q_DL={distribution_id}_{lookup_id}"


def _distributions(population: Population, survey_id: str, by_id: Mapping[str, pd.DataFrame]) -> Versions:
    """Return one distribution a month; what it led to moves on without its time of change."""
    horizon = population.horizon
    lines = []
    for distribution_id, rows in by_id.items():
        [month] = np.unique(horizon.month_of(rows["sent_at"].to_numpy()))
        sent_at = horizon.month_start(np.array([month]))[0]
        for counted_at in _counting_times(population, sent_at):
            lines.append((distribution_id, sent_at, counted_at, *_counts(rows, counted_at)))
    columns = ["id", "updated_at", "visible_at", *_COUNTED]
    frame = pd.DataFrame(lines, columns=columns)
    frame["state"] = state_column("live", len(frame))
    return Versions(frame, lambda shown: render_distributions(survey_id, shown))


def _counting_times(population: Population, sent_at: np.datetime64) -> list[np.datetime64]:
    """Return when an invitation is first shown, and then every day of the nights."""
    since = population.horizon.since
    counted = [at for at in population.horizon.night_starts + COUNTED_AT if at > sent_at]
    return [max(sent_at, since - np.timedelta64(1, "s")), *counted]


_COUNTED = ("sent", "bounced", "blocked", "opened", "started", "finished")


def _counts(rows: pd.DataFrame, counted_at: np.datetime64) -> tuple[int, ...]:
    is_sent, fate = rows["sent_at"].to_numpy() <= counted_at, rows["fate"].to_numpy()
    is_done = (rows["shown_at"].to_numpy() <= counted_at) & rows["is_finished"].to_numpy(bool)
    return (
        int((is_sent & (fate != BLOCKED)).sum()),
        int((is_sent & (fate == BOUNCED)).sum()),
        int((is_sent & (fate == BLOCKED)).sum()),
        int((rows["opened_at"].to_numpy() <= counted_at).sum()),
        int((rows["started_at"].to_numpy() <= counted_at).sum()),
        int(is_done.sum()),
    )


def render_distributions(survey_id: str, rows: pd.DataFrame) -> list[Record]:
    """Return distributions as their list shows them."""
    counts = zip(*(rows[name].tolist() for name in _COUNTED), strict=True)
    return [
        {
            "id": distribution_id,
            "parentDistributionId": None,
            "ownerId": "UR_demo",
            "organizationId": "demo",
            "requestStatus": "Done",
            "requestType": "Invite",
            "sendDate": sent_at,
            "createdDate": sent_at,
            "modifiedDate": sent_at,
            "headers": {"fromEmail": "survey@demo.example", "replyToEmail": None, "fromName": "Demo"},
            "recipients": {
                "mailingListId": "CG_demo",
                "contactId": None,
                "libraryId": "UR_demo",
                "sampleId": None,
            },
            "message": {"libraryId": "UR_demo", "messageId": "MS_demo", "messageType": "Library"},
            "surveyLink": {"surveyId": survey_id, "expirationDate": None, "linkType": "Individual"},
            "stats": {
                **dict.fromkeys(("failed", "skipped", "complaints"), 0),
                **dict(zip(_COUNTED, counted, strict=True)),
            },
        }
        for distribution_id, sent_at, counted in zip(
            rows["id"].tolist(), iso(rows["updated_at"]), counts, strict=True
        )
    ]


def _contacts(population: Population, invited: pd.DataFrame) -> Versions:
    """Return the people of the directory: everybody who was ever invited, from then on."""
    by_person = invited.groupby("person", sort=True)
    first_sent_at = by_person["sent_at"].min()
    person, people = first_sent_at.index.to_numpy(np.int64), population.people
    account = people.account[person]
    frame = pd.DataFrame(
        {
            "id": [contact_id(each) for each in person.tolist()],
            "updated_at": first_sent_at.to_numpy(),
            "visible_at": first_sent_at.to_numpy(),
            "state": state_column("live", len(person)),
            "person": person,
            "account": account,
            "ordinal": people.ordinal[person],
            "first_name": people.first_name[person],
            "last_name": people.last_name[person],
            "email_style": people.emails["qualtrics"][person],
            "has_number": people.has_number["qualtrics"][person],
            "country": population.accounts.country[account],
            "is_opted_out": (by_person["fate"].max() == BLOCKED).to_numpy(bool),
        }
    )
    return Versions(frame, _render_contacts)


def _render_contacts(rows: pd.DataFrame) -> list[Record]:
    """Return entries of a directory's list of contacts."""
    columns = (
        rows["id"].tolist(),
        looked_up(names.FIRST_NAMES, rows["first_name"]),
        looked_up(names.LAST_NAMES, rows["last_name"]),
        names.emails(rows),
        names.customer_numbers("P", rows["person"], rows["has_number"]),
        looked_up(LANGUAGES, rows["country"]),
        rows["is_opted_out"].tolist(),
    )
    return [
        {
            "contactId": own_id,
            "firstName": first_name,
            "lastName": last_name,
            "email": email,
            "phone": None,
            "extRef": number,
            "language": language,
            "unsubscribed": is_opted_out,
        }
        for own_id, first_name, last_name, email, number, language, is_opted_out in zip(*columns, strict=True)
    ]
