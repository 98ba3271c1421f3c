"""The rules of identity once more, in plain Python and by union-find, and companies nobody chose to try them on.

What the models say in SQL is compared with this. Read `docs/identity.md` for the rules in words.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

ROLES = ("info", "sales")
FREE_DOMAINS = {"gmail.com": "free_mail", "facebook.com": "hosting"}
MAILBOX_LIMIT, DOMAIN_LIMIT, COMPONENT_LIMIT = 3, 5, 50
RULES = ("override", "merge", "external_id", "email", "domain")
KEPT_IN_LARGE_CHAINS = ("record", "merge", "override")

Claim = tuple[str, str, str]  # record, kind of identifier, identifier


@dataclass
class Record:
    """A contact or company as one system has it. `merges` are records that it says were merged into it."""

    id: str
    email: str | None = None
    number: str | None = None
    name: str | None = None
    domains: tuple[str, ...] = ()
    parent: str | None = None
    merges: list[str] = field(default_factory=list)
    is_merged: bool = False

    @property
    def source(self) -> str:
        return self.id.rpartition("|")[0]

    @property
    def entity(self) -> str:
        return "account" if self.source.endswith(("companies", "accounts", "organizations")) else "contact"


@dataclass
class World:
    """Records by id, (person, company, preference) of who works where, and (action, record, other) decided."""

    records: dict[str, Record]
    memberships: list[tuple[str, str, int]]
    overrides: list[tuple[str, str, str | None]]

    def named_by(self, action: str) -> set[str]:
        return {record for name, record, _ in self.overrides if name == action}


def random_world(random: Random) -> World:
    """Make about a hundred records whose few addresses, numbers and domains collide in every way."""
    counts = {source: random.randint(2, 40) for source in ("hubspot|contacts", "zendesk|users")}
    counts |= {source: random.randint(2, 16) for source in ("hubspot|companies", "zendesk|organizations")}
    counts |= {source: random.randint(2, 12) for source in ("salesforce|contacts", "salesforce|accounts")}
    ids = [f"{source}|{number}" for source, count in counts.items() for number in range(1, count + 1)]
    breadth, numbered = random.choice((4, 20, 60)), random.choice((0.05, 0.4))
    world = World({id_: _random_record(random, id_, breadth, numbered) for id_ in ids}, [], [])
    if random.random() < 0.3:
        _number_all_alike(random, world)
    _merge_some(random, world)
    people = [record.id for record in world.records.values() if record.entity == "contact"]
    companies = [record.id for record in world.records.values() if record.entity == "account"]
    for person in random.sample(people, len(people) // 2):
        same_system = [company for company in companies if company.split("|")[0] == person.split("|")[0]]
        first = {"hubspot": random.choice((1, 2)), "salesforce": 1, "zendesk": 3}[person.split("|")[0]]
        world.memberships.append((person, random.choice(same_system), first))
    for _ in range(random.randint(0, 6)):
        action = random.choice(("merge", "split", "exclude"))
        other = random.choice([*ids, "hubspot|contacts|999"]) if action == "merge" else None
        decision = (action, random.choice([*ids, "zendesk|users|999"]), other)
        if decision not in world.overrides:
            world.overrides.append(decision)
    return world


def _random_record(random: Random, id_: str, breadth: int, numbered: float) -> Record:
    record = Record(id_)
    if record.entity == "contact":
        domain = random.choice(["a.example", "b.example", "c.example", "gmail.com"])
        local = random.choice([*ROLES, *(f"p{number}" for number in range(breadth))])
        record.email = f"{local}@{domain}" if random.random() < 0.7 else None
        record.number = f"P-{random.randint(1, 2 * breadth)}" if random.random() < numbered else None
        record.name = random.choice(["ann", "bo", "cy", None])
        return record
    domains = ["gmail.com", "facebook.com", *(f"{letter}.example" for letter in "abcdefghijklmn"[:breadth])]
    many = 2 if record.source == "zendesk|organizations" else 1
    record.domains = tuple(random.sample(domains, random.randint(0, many)))
    record.number = f"C-{random.randint(1, 2 * breadth)}" if random.random() < numbered else None
    if random.random() < 0.2 and record.source != "zendesk|organizations":
        record.parent = f"{record.source}|{random.randint(1, 12)}"
    return record


def _number_all_alike(random: Random, world: World) -> None:
    """Give most people the number 0, as an import does that fills an empty field: a chain over the limit."""
    for record in world.records.values():
        if record.entity == "contact" and random.random() < 0.9:
            record.number = "P-0"


def _merge_some(random: Random, world: World) -> None:
    """HubSpot's winners name their losers, unknown ones too; Salesforce's losers name their winner."""
    for source in ("hubspot|contacts", "hubspot|companies", "salesforce|contacts", "salesforce|accounts"):
        of_source = [record.id for record in world.records.values() if record.source == source]
        for winner in random.sample(of_source, min(2, len(of_source))):
            gone = [f"{source}|77"] if source.startswith("hubspot") and random.random() < 0.3 else []
            losers = {random.choice(of_source), *gone} - {winner}
            if source.startswith("salesforce"):
                losers = {loser for loser in losers if not world.records[loser].is_merged}
            world.records[winner].merges += sorted(losers)
            for loser in losers & world.records.keys():
                world.records[loser].is_merged = True


def staged(world: World) -> dict[str, list[dict[str, Any]]]:
    """Return the world as rows of the staged inputs, written the way vendors write."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in world.records.values():
        rows[f"stg_{record.source.replace('|', '__')}"].append(_staged_record(record, world))
    for person, company, preference in world.memberships:
        if person.startswith("hubspot"):
            association = {"contact_id": last_part(person), "company_id": last_part(company)}
            rows["stg_hubspot__contact_companies"].append(
                association | {"association_type_id": 1 if preference == 1 else 279}
            )
    rows["shared_mailbox"] = [{"local_part": role} for role in ROLES]
    rows["free_mail_domain"] = [{"domain": domain, "kind": kind} for domain, kind in FREE_DOMAINS.items()]
    rows["identity_override"] = [
        {"action": action, "record_id": record, "other_record_id": other}
        for action, record, other in world.overrides
    ]
    return rows


def last_part(record_id: str) -> str:
    return record_id.rpartition("|")[2]


def _staged_record(record: Record, world: World) -> dict[str, Any]:
    id_, system = last_part(record.id), record.source.split("|")[0]
    winner = next((other.id for other in world.records.values() if record.id in other.merges), None)
    employer = next((company for person, company, _ in world.memberships if person == record.id), None)
    merged = ";".join(map(last_part, record.merges)) or None
    domain = record.domains[0] if record.domains else None
    if record.entity == "contact":
        row = {"email": record.email, "person_number": record.number}
        if system == "hubspot":
            return row | {"contact_id": id_, "last_name": record.name, "merged_contact_ids": merged}
        if system == "salesforce":
            links = {
                "master_contact_id": winner and last_part(winner),
                "company_id": employer and last_part(employer),
            }
            return row | links | {"contact_id": id_, "last_name": record.name}
        organization = {"organization_id": employer and last_part(employer), "name": record.name}
        return row | organization | {"user_id": id_, "is_end_user": True, "is_active": True}
    row = {"customer_number": record.number}
    if system == "zendesk":
        return row | {"organization_id": id_, "domain_names": json.dumps([*record.domains, *record.domains])}
    row |= {"company_id": id_, "parent_company_id": record.parent and last_part(record.parent)}
    if system == "hubspot":
        return row | {"domain": domain and f" WWW.{domain} ", "merged_company_ids": merged}
    return row | {
        "website": domain and f"https://www.{domain.upper()}/en",
        "master_company_id": winner and last_part(winner),
    }


def components(claims: Iterable[Claim]) -> dict[str, str]:
    """Return the smallest record of everything linked, by union-find."""
    parent: dict[str, str] = {}

    def root(record: str) -> str:
        while parent.setdefault(record, record) != record:
            record = parent[record]
        return record

    first: dict[str, str] = {}
    for record, _, identifier in claims:
        one, other = root(record), root(first.setdefault(identifier, record))
        parent[max(one, other)] = min(one, other)
    return {record: root(record) for record in list(parent)}


def identity_of(world: World) -> dict[str, dict[str, Any]]:
    """Return what the rules make of each record."""
    claims = {claim for record in world.records.values() for claim in _claims(record)} | _decided(world)
    reasons = {claim: _reason(claim, claims, world) for claim in claims}
    counts = _counts(reasons)
    admitted = [claim for claim in claims if reasons[claim] is None]
    chain_of = components(admitted)
    large, contested = _troubled(chain_of, admitted, counts, world)
    for claim in admitted:
        if chain_of[claim[0]] in contested and claim[1] == "domain" and counts[claim] > 1:
            reasons[claim] = "contested_domain"
    used = [
        claim
        for claim in admitted
        if (chain_of[claim[0]] not in large or claim[1] in KEPT_IN_LARGE_CHAINS)
        and (chain_of[claim[0]] not in contested or claim[1] != "domain")
    ]
    component_of = components(used)
    accounts = _accounts(world, component_of, reasons)
    excluded = {component_of[record] for record in world.named_by("exclude") & component_of.keys()}
    return {
        record.id: _described(record, component_of, accounts, excluded)
        | _linked(record, [claim for claim in used if counts[claim] > 1], counts, accounts, component_of)
        | {
            "suppression_reason": min((reasons[claim] for claim in claims if claim[0] == record.id and reasons[claim]), default=None),
            "is_over_size_limit": chain_of[record.id] in large,
        }
        for record in world.records.values()
    }  # fmt: skip


def _claims(record: Record) -> Iterable[Claim]:
    yield record.id, "record", record.id
    for loser in record.merges:
        yield record.id, "merge", loser
    if record.number:
        yield record.id, "external_id", f"{record.entity} {record.number}"
    if record.email:
        yield record.id, "email", record.email
    for domain in record.domains:
        yield record.id, "domain", domain


def _decided(world: World) -> set[Claim]:
    return {
        (named, "override", f"{record} and {other}")
        for action, record, other in world.overrides
        for named in (record, other)
        if action == "merge" and named and record in world.records and other in world.records
        and world.records[record].entity == world.records[other].entity
    }  # fmt: skip


def _reason(claim: Claim, claims: set[Claim], world: World) -> str | None:
    record, kind, identifier = claim
    split = world.named_by("split")
    if (record in split and kind not in ("record", "override")) or (kind == "merge" and identifier in split):
        return "split"
    if kind == "email":
        return _reason_of_address(identifier, world)
    if kind == "domain":
        if identifier in FREE_DOMAINS:
            return f"{FREE_DOMAINS[identifier]}_domain"
        users: dict[str, int] = defaultdict(int)
        for other in world.records.values():
            users[other.source] += identifier in other.domains and not other.is_merged
        return "domain_of_many" if max(users.values()) > DOMAIN_LIMIT else None
    return None


def _reason_of_address(email: str, world: World) -> str | None:
    if email.split("@", maxsplit=1)[0] in ROLES:
        return "role_address"
    by_source = defaultdict(list)
    for record in world.records.values():
        if record.email == email and not record.is_merged:
            by_source[record.source].append(record)
    if any(len({record.number for record in users if record.number}) > 1 for users in by_source.values()):
        return "two_person_numbers"
    if any(
        len(users) > MAILBOX_LIMIT and len({record.name for record in users if record.name}) > 1
        for users in by_source.values()
    ):
        return "address_of_many"
    return None


def _counts(reasons: dict[Claim, str | None]) -> dict[Claim, int]:
    sharing: dict[tuple[str, bool], int] = defaultdict(int)
    for (_, _, identifier), reason in reasons.items():
        sharing[identifier, reason is None] += 1
    return {claim: sharing[claim[2], reason is None] for claim, reason in reasons.items()}


def _troubled(
    chain_of: dict[str, str], admitted: list[Claim], counts: dict[Claim, int], world: World
) -> tuple[set[str], set[str]]:
    members: dict[str, list[Record]] = defaultdict(list)
    for record, chain in chain_of.items():
        members[chain].append(world.records[record])
    by_domain = {chain_of[claim[0]] for claim in admitted if claim[1] == "domain" and counts[claim] > 1}
    contested = {
        chain
        for chain in by_domain
        if len({record.number for record in members[chain] if record.number and not record.is_merged}) > 1
        or any(
            record.parent not in (None, record.id) and chain_of.get(record.parent) == chain
            for record in members[chain]
        )
    }
    large = {chain for chain, records in members.items() if len(records) > COMPONENT_LIMIT}
    return large, contested


def _accounts(
    world: World, component_of: dict[str, str], reasons: dict[Claim, str | None]
) -> dict[str, tuple[str, str]]:
    """Return the account of each person who belongs to one, both by component, and by what rule."""
    rules = {1: "primary_company", 2: "other_company", 3: "organization"}
    accounts: dict[str, tuple[str, str]] = {}
    order = sorted(world.memberships, key=lambda each: (each[2], world.records[each[0]].is_merged, *each))
    for person, company, preference in order:
        accounts.setdefault(component_of[person], (component_of[company], rules[preference]))
    owners = defaultdict(set)
    for (record, kind, domain), reason in reasons.items():
        if kind == "domain" and reason not in ("free_mail_domain", "hosting_domain", "split"):
            owners[domain].add(component_of[record])
    found = defaultdict(set)
    for record in world.records.values():
        domain = (record.email or "@").split("@")[1]
        if record.entity == "contact" and len(owners[domain]) == 1:
            found[component_of[record.id]] |= owners[domain]
    for person, companies in found.items():
        if len(companies) == 1:
            accounts.setdefault(person, (min(companies), "domain"))
    return accounts


def _described(
    record: Record, component_of: dict[str, str], accounts: dict[str, tuple[str, str]], excluded: set[str]
) -> dict[str, Any]:
    component = component_of[record.id]
    account = accounts.get(component, (None, None))[0]
    customer = ("account", account) if account else (record.entity, component)
    is_excluded = component in excluded or account in excluded
    return {
        "component_id": component,
        "component_size": list(component_of.values()).count(component),
        "customer_key": None if is_excluded else key_of(*customer),
        "contact_key": key_of("contact", component)
        if record.entity == "contact" and not is_excluded
        else None,
        "standalone_customer_key": key_of(record.entity, record.id),
        "is_excluded": is_excluded,
    }


def key_of(entity: str, record_id: str | None) -> str:
    return hashlib.md5(f"{entity}|{record_id}".encode()).hexdigest()


def _linked(
    record: Record,
    linking: list[Claim],
    counts: dict[Claim, int],
    accounts: dict[str, tuple[str, str]],
    component_of: dict[str, str],
) -> dict[str, Any]:
    shared: dict[str, int] = defaultdict(int)
    for claim in linking:
        if claim[0] == record.id:
            rule = "merge" if claim[1] == "record" else claim[1]
            shared[rule] = max(shared[rule], counts[claim])
    evidence: dict[str, Any] = {rule: shared[rule] for rule in RULES if rule in shared}
    account_rule = accounts.get(component_of[record.id], (None, None))[1]
    if account_rule:
        evidence["account"] = account_rule
    if record.email:
        evidence["email_hash"] = hashlib.sha256(record.email.encode()).hexdigest()
    return {
        "match_rule": next((rule for rule in RULES if rule in shared), "unlinked"),
        "match_evidence": evidence,
        "account_rule": account_rule,
    }
