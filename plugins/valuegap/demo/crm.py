"""HubSpot's contacts, companies and owners, with the duplicates that are merged during the nights."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuegap.demo import names
from valuegap.demo.accounts import NO_PARENT, OTHER_ADDRESS, Accounts, Flags, Index, People
from valuegap.demo.chance import Codes, stream_of
from valuegap.demo.horizon import Horizon, Times, days
from valuegap.demo.records import Versions
from valuegap.demo.rendering import Record, hubspot_objects, iso, looked_up, texts
from valuegap.demo.revisions import Revisions, during, lately, nightly_count, state_column
from valuegap.demo.world import (
    COUNTRIES,
    INDUSTRIES,
    LANGUAGES,
    LEAD_SOURCES,
    MARKET_SEGMENTS,
    OPTED_OUT_SHARE,
)

FIRST_CONTACT_ID = 100_000_000_001
FIRST_COMPANY_ID = 7_000_000_001
FIRST_OWNER_ID = 61_000_001
OWNERS = 12
LIFECYCLE_STAGES = ("lead", "customer")
PRIMARY_COMPANY, ANY_COMPANY = 1, 279  # association types, contact to company
SECOND_COMPANY = 0.02  # of contacts also work for another account

CHANGED, LATE, ARCHIVED, MERGED = 0.002, 0.0002, 0.0002, 0.0002  # of all records, a night


@dataclass(frozen=True)
class Duplicates:
    """Second records of the same thing: whom they repeat, when they were made, and when merged away."""

    original: Index
    created_at: Times
    merged_at: Times

    @property
    def count(self) -> int:
        """Number of duplicates."""
        return len(self.original)


def plan_duplicates(
    rng: np.random.Generator, candidates: Index, created_at: Times, share: float, horizon: Horizon
) -> Duplicates:
    """Choose which of `candidates` have duplicates, and the night that merges them; one in ten has two.

    Both records stand there by the first night. `created_at` is that of all records, not only candidates.
    """
    nightly = min(nightly_count(share, len(created_at)), len(candidates) // horizon.nights)
    chosen = rng.permutation(candidates)[: nightly * horizon.nights]
    merged_at = np.concatenate([during(rng, night, nightly) for night in horizon.night_starts])
    original, merged_at = np.append(chosen, chosen[::10]), np.append(merged_at, merged_at[::10])
    age = (horizon.since - created_at[original]) / np.timedelta64(1, "D")
    made_at = created_at[original] + days(age * rng.random(len(original)))
    order = np.argsort(original, kind="stable")
    return Duplicates(original[order], np.asarray(made_at[order]), merged_at[order])


def merge(revisions: Revisions, duplicates: Duplicates, first_duplicate: int, first_id: int) -> None:
    """Merge each duplicate (rows from `first_duplicate` on) into its original (row = its number)."""
    rows = first_duplicate + np.arange(duplicates.count)
    revisions.reserve(rows)
    winners, starts = np.unique(duplicates.original, return_index=True)
    revisions.reserve(winners)
    merged_ids = [";".join(map(str, ids)) for ids in np.split(first_id + rows, starts[1:])]
    winner_at = duplicates.merged_at[starts]
    revisions.revise(rows, duplicates.merged_at, duplicates.merged_at, state="merged")
    revisions.revise(winners, winner_at, winner_at, {"merged_ids": np.array(merged_ids, dtype=object)})


def make_contacts(seed: int, people: People, accounts: Accounts, horizon: Horizon) -> Versions:
    """Make a contact of everybody HubSpot knows, and a second one of some until they are merged."""
    rng = stream_of(seed, "contacts")
    known = int(people.has_crm_record.sum())
    candidates = np.flatnonzero(people.created_at[:known] < horizon.since - np.timedelta64(1, "D"))
    duplicates = plan_duplicates(rng, candidates, people.created_at[:known], MERGED, horizon)
    rows = _contact_rows(rng, people, accounts, duplicates, horizon)
    rows["has_opted_out"] = stream_of(seed, "opt-outs").random(len(rows)) < OPTED_OUT_SHARE
    revisions = Revisions(rows, rng)
    merge(revisions, duplicates, known, FIRST_CONTACT_ID)
    colleagues = np.flatnonzero(people.ordinal[:known] > 0)
    for night in horizon.night_starts:
        _revise_contacts(rng, revisions, night, known, colleagues)
    return Versions(revisions.frame(), render_contacts)


def _contact_rows(
    rng: np.random.Generator, people: People, accounts: Accounts, duplicates: Duplicates, horizon: Horizon
) -> pd.DataFrame:
    known = int(people.has_crm_record.sum())
    person = np.concatenate([np.arange(known), duplicates.original])
    is_duplicate = np.arange(len(person)) >= known
    created_at = np.concatenate([people.created_at[:known], duplicates.created_at])
    account = people.account[person]
    touched_at = touched(rng, created_at, horizon)
    return pd.DataFrame(
        {
            "id": FIRST_CONTACT_ID + np.arange(len(person)),
            "created_at": created_at,
            "updated_at": touched_at,
            "visible_at": touched_at,
            "state": state_column("live", len(person)),
            "person": person.astype(np.int32),
            "account": account.astype(np.int32),
            "ordinal": people.ordinal[person].astype(np.int32),
            "first_name": people.first_name[person],
            "last_name": people.last_name[person],
            "email_style": np.where(is_duplicate, OTHER_ADDRESS, people.emails["hubspot"][person]).astype(
                np.int8
            ),
            "has_number": people.has_number["hubspot"][person] & (~is_duplicate | (person % 2 == 0)),
            "phone": rng.integers(1_000_000, 9_999_999, len(person)).astype(np.int32),
            "job_title": rng.integers(0, len(names.JOB_TITLES), len(person)).astype(np.int8),
            "country": accounts.country[account],
            "is_customer": accounts.is_customer[account],
            "owner": (account % OWNERS).astype(np.int8),
            "merged_ids": np.full(len(person), None, dtype=object),
        }
    )


def touched(rng: np.random.Generator, created_at: Times, horizon: Horizon) -> Times:
    """Return when each record was last edited before the first night; its creation if it is newer."""
    edited_at = created_at + days(30.0 * rng.random(len(created_at)))
    return np.where(edited_at < horizon.since, edited_at, created_at)


def _revise_contacts(
    rng: np.random.Generator, revisions: Revisions, night: np.datetime64, known: int, colleagues: Index
) -> None:
    rows = revisions.draw(nightly_count(CHANGED, known), night)
    at = during(rng, night, len(rows))
    revisions.revise(rows, at, at, {"job_title": rng.integers(0, len(names.JOB_TITLES), len(rows))})
    rows = revisions.draw(nightly_count(LATE, known), night - np.timedelta64(3, "D"))
    revisions.revise(
        rows, *lately(rng, night, len(rows)), {"phone": rng.integers(1_000_000, 9_999_999, len(rows))}
    )
    rows = revisions.draw(nightly_count(ARCHIVED, known), night, colleagues)
    revisions.revise(rows, None, during(rng, night, len(rows)), state="archived")


def render_contacts(rows: pd.DataFrame) -> list[Record]:
    """Return HubSpot contacts."""
    country = rows["country"].tolist()
    return hubspot_objects(
        rows,
        "lastmodifieddate",
        {
            "email": names.emails(rows),
            "firstname": looked_up(names.FIRST_NAMES, rows["first_name"]),
            "lastname": looked_up(names.LAST_NAMES, rows["last_name"]),
            "phone": [
                f"+{names.DIALLING_CODES[code]} 30 {number}"
                for code, number in zip(country, rows["phone"].tolist(), strict=True)
            ],
            "jobtitle": looked_up(names.JOB_TITLES, rows["job_title"]),
            "country": looked_up(COUNTRIES, rows["country"]),
            "hs_language": looked_up(LANGUAGES, rows["country"]),
            "lifecyclestage": looked_up(LIFECYCLE_STAGES, rows["is_customer"]),
            "hs_email_optout": ["true" if has else None for has in rows["has_opted_out"].tolist()],
            "customer_number": names.customer_numbers("P", rows["person"], rows["has_number"]),
            "hubspot_owner_id": texts(rows["owner"].astype(np.int64) + FIRST_OWNER_ID),
            "hs_merged_object_ids": rows["merged_ids"].tolist(),
        },
    )


def plan_company_duplicates(seed: int, accounts: Accounts, horizon: Horizon) -> Duplicates:
    """Choose the accounts with a second company record; each had ordered well before the first night."""
    rng = stream_of(seed, "company duplicates")
    ordered_early = accounts.first_order_at < horizon.since - np.timedelta64(60, "D")
    return plan_duplicates(rng, np.flatnonzero(ordered_early), accounts.created_at, MERGED, horizon)


def make_companies(seed: int, accounts: Accounts, duplicates: Duplicates, horizon: Horizon) -> Versions:
    """Make a company of every account, and the second ones until they are merged."""
    rng = stream_of(seed, "companies")
    revisions = Revisions(_company_rows(rng, accounts, duplicates, horizon), rng)
    merge(revisions, duplicates, accounts.count, FIRST_COMPANY_ID)
    prospects = np.flatnonzero(~accounts.is_customer)
    for night in horizon.night_starts:
        _revise_companies(rng, revisions, night, accounts.count, prospects)
    return Versions(revisions.frame(), render_companies)


def _company_rows(
    rng: np.random.Generator, accounts: Accounts, duplicates: Duplicates, horizon: Horizon
) -> pd.DataFrame:
    account = np.concatenate([np.arange(accounts.count), duplicates.original])
    is_duplicate = np.arange(len(account)) >= accounts.count
    created_at = np.concatenate([accounts.created_at, duplicates.created_at])
    touched_at = touched(rng, created_at, horizon)
    return pd.DataFrame(
        {
            "id": FIRST_COMPANY_ID + np.arange(len(account)),
            "created_at": created_at,
            "updated_at": touched_at,
            "visible_at": touched_at,
            "state": state_column("live", len(account)),
            "account": account.astype(np.int32),
            "industry": accounts.industry[account],
            "market_segment": accounts.market_segment[account],
            "country": accounts.country[account],
            "employees": _employees(rng, accounts.market_segment[account]),
            "parent": accounts.parent[account].astype(np.int32),
            "lead_source": accounts.lead_source[account],
            "owner": (account % OWNERS).astype(np.int8),
            "is_duplicate": is_duplicate,
            "merged_ids": np.full(len(account), None, dtype=object),
        }
    )


def _employees(rng: np.random.Generator, market_segment: Codes) -> NDArray[np.int32]:
    smallest = np.array([1000, 100, 5])[market_segment]
    return np.asarray(smallest * 9.0 ** rng.random(len(market_segment))).astype(np.int32)


def _revise_companies(
    rng: np.random.Generator, revisions: Revisions, night: np.datetime64, known: int, prospects: Index
) -> None:
    for share, is_late in ((CHANGED, False), (LATE, True)):
        rows = revisions.draw(nightly_count(share, known), night - np.timedelta64(3 * is_late, "D"))
        at = during(rng, night, len(rows))
        updated_at, visible_at = lately(rng, night, len(rows)) if is_late else (at, at)
        revisions.revise(rows, updated_at, visible_at, {"owner": rng.integers(0, OWNERS, len(rows))})
    rows = revisions.draw(nightly_count(ARCHIVED, known), night, prospects)
    revisions.revise(rows, None, during(rng, night, len(rows)), state="archived")


def render_companies(rows: pd.DataFrame) -> list[Record]:
    """Return HubSpot companies."""
    return hubspot_objects(
        rows,
        "hs_lastmodifieddate",
        {
            "name": [
                f"{name} (new)" if second else name
                for name, second in zip(
                    names.company_names(rows["account"]), rows["is_duplicate"].tolist(), strict=True
                )
            ],
            "domain": names.domains(rows["account"]),
            "industry": looked_up(INDUSTRIES, rows["industry"]),
            "market_segment": looked_up(MARKET_SEGMENTS, rows["market_segment"]),
            "country": looked_up(COUNTRIES, rows["country"]),
            "numberofemployees": texts(rows["employees"]),
            "hs_parent_company_id": [
                None if parent == NO_PARENT else str(FIRST_COMPANY_ID + parent)
                for parent in rows["parent"].tolist()
            ],
            "hs_analytics_source": looked_up(LEAD_SOURCES, rows["lead_source"]),
            "customer_number": names.customer_numbers("C", rows["account"], ~rows["is_duplicate"]),
            "hubspot_owner_id": texts(rows["owner"].astype(np.int64) + FIRST_OWNER_ID),
            "hs_merged_object_ids": rows["merged_ids"].tolist(),
        },
    )


def make_owners(horizon: Horizon) -> Versions:
    """Make the sales people; the last one has left."""
    number = np.arange(OWNERS)
    at = np.full(OWNERS, horizon.start - np.timedelta64(900, "D"))
    frame = pd.DataFrame(
        {
            "id": FIRST_OWNER_ID + number,
            "created_at": at,
            "updated_at": at,
            "visible_at": at,
            "state": state_column("live", OWNERS),
            "number": number,
        }
    )
    frame.loc[OWNERS - 1, "state"] = "archived"
    return Versions(frame, render_owners)


def render_owners(rows: pd.DataFrame) -> list[Record]:
    """Return HubSpot owners."""
    columns = (
        rows["number"].tolist(),
        iso(rows["created_at"]),
        iso(rows["updated_at"]),
        rows["state"].tolist(),
    )
    return [
        {
            "id": str(FIRST_OWNER_ID + number),
            "email": f"{names.FIRST_NAMES[-number - 1].lower()}@valuegap-demo.example",
            "firstName": names.FIRST_NAMES[-number - 1],
            "lastName": names.LAST_NAMES[-number - 1],
            "type": "PERSON",
            "userId": 900_001 + number,
            "createdAt": created_at,
            "updatedAt": updated_at,
            "archived": state == "archived",
        }
        for number, created_at, updated_at, state in zip(*columns, strict=True)
    ]


def contact_companies(seed: int, contacts: Versions, accounts: Accounts, horizon: Horizon) -> pd.DataFrame:
    """Return who works where: the account, labelled primary, and for a few another one besides."""
    rng = stream_of(seed, "contact companies")
    first = contacts.frame.drop_duplicates("id")
    company = FIRST_COMPANY_ID + first["account"].to_numpy().astype(np.int64)
    has_second = rng.random(len(first)) < SECOND_COMPANY
    established = np.flatnonzero(accounts.created_at < horizon.start)
    other = FIRST_COMPANY_ID + rng.choice(established, len(first))
    return associations(
        first["id"].to_numpy(),
        first["created_at"].to_numpy(),
        [(company, PRIMARY_COMPANY, None), (company, ANY_COMPANY, None), (other, ANY_COMPANY, has_second)],
    )


def associations(
    from_id: Index, visible_at: Times, to: list[tuple[Index, int, Flags | None]]
) -> pd.DataFrame:
    """Return association rows sorted by from_id: each of `to` is (to_id, type_id, which rows have it)."""
    count = len(from_id)
    has = np.stack([np.ones(count, dtype=np.bool_) if mask is None else mask for _, _, mask in to], axis=1)
    return pd.DataFrame(
        {
            "from_id": np.repeat(from_id, has.sum(axis=1)),
            "to_id": np.stack([to_id for to_id, _, _ in to], axis=1)[has],
            "type_id": np.broadcast_to(np.array([kind for _, kind, _ in to], dtype=np.int16), has.shape)[has],
            "visible_at": np.repeat(visible_at, has.sum(axis=1)),
        },
        copy=False,
    )
