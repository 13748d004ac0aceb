#!/usr/bin/env python3
"""Records for `daybook import`, the same ones each time: records.py COUNT > FILE.

One in a hundred is a case, 3 in 10 are persons; a few are assessments, actions, referrals,
markers, interventions, services; the rest are contacts with the families of the cases, of which
few have many and most have some. One case in seven isn't closed. Names are as unevenly spread as
real ones, families share a name and an address, and one person in a hundred was recorded twice."""
import datetime
import json
import random
import sys

COUNT = int(sys.argv[1])
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
CASES, PERSONS, OTHERS = max(1, COUNT // 100), COUNT * 3 // 10, COUNT // 40
SERVICES = max(1, COUNT // 500)
AREAS = ["birmingham", "coventry", "dudley", "sandwell", "solihull", "walsall", "wolverhampton"]
FIRST = """Amir Maria John Sarah Mohammed Fatima David Emma Ali Aisha James Olivia Hassan Zainab
    Peter Grace Omar Khadija Paul Chloe Ibrahim Amina Mark Lucy Yusuf Halima Simon Ruth Ahmed Noor
    Liam Priya Kwame Abena Tomasz Agnieszka Wei Mei Rahul Anjali Kofi Ama Piotr Zofia Jun Li Arjun
    Deepa Samuel Hannah Bilal Maryam Luke Megan Tariq Sana Daniel Ella Imran Rabia""".split()
LAST = """Khan Smith Begum Jones Ali Singh Patel Ahmed Brown Taylor Hussain Kaur Wilson Evans
    Mahmood Thomas Roberts Akhtar Walker Wright Green Hall Clarke Shah Hughes Iqbal Edwards Wood
    Malik Mensah Kowalski Nowak Chen Wang Sharma Das Asante Boateng Lewandowski Zielinski Osei
    Murphy Kelly Byrne Farah Warsame Abdi Hersi Okafor Adeyemi Bello Eze Silva Santos Pereira
    Marsh Hill Cooper Ward Turner Morris Baker Bennett Cook Shaw Reid""".split()
draw = random.Random(7)


def ago(days):
    return (NOW - datetime.timedelta(days=days, minutes=draw.randrange(1440))).isoformat()


def day(days_ago):
    return ago(days_ago)[:10]


def write(form, handle, /, **fields):
    print(json.dumps({"form": form, "ref": handle, "fields": fields}))


def case():
    """Few cases have many, as few families need somebody for years."""
    return f"@c{int(CASES * draw.random() ** 1.5)}"


def person():
    return f"@p{draw.randrange(PERSONS)}"


def common(words):
    """The first ones far more often than the last, and now and then one that is rare."""
    at = int(len(words) * draw.random() ** 2)
    return words[at] if draw.random() < 0.7 else f"{words[at][:-1]}{draw.choice('aeiousnr')}"


def born():
    return (NOW - datetime.timedelta(days=draw.randrange(365, 85 * 365))).date().isoformat()


def family(i):
    """Who a case is about: one name mostly, one address, one phone at home."""
    turn = random.Random(i)
    return (common(LAST), f"{turn.randrange(1, 200)} High Street, B{turn.randrange(1, 99)} "
            f"{turn.randrange(1, 9)}{turn.choice('ABDEFGHJ')}{turn.choice('LNPQRST')}",
            f"0121 {turn.randrange(200, 999)} {turn.randrange(1000, 9999)}")


for i in range(CASES):
    happened = ago(1000 * (CASES - i) // CASES)
    write("case", f"c{i}", ref=f"20/{100000 + i}/26", kind="fatal_rtc",
          summary=f"Case number {i}, a collision at junction {i % 77}",
          la_area=draw.choice(AREAS), happened_at=happened, reported_at=happened,
          family_groups=[{"name": f"The {common(LAST)} family"}],
          **({"status": "proposed", "no_exit_plan_reason": "Not yet"} if i % 7 == 0 else
             {"status": "closed", "closure_reason": "court_complete", "lessons": "None",
              "no_exit_plan_reason": "None was needed"}))
families = {}
for i in range(PERSONS):
    of = i % max(1, PERSONS // 4)
    if of not in families:
        families[of] = family(of)
    surname, address, phone = families[of]
    fields = {"name": f"{common(FIRST)} {surname if draw.random() < 0.8 else common(LAST)}",
              "role_in_case": [{"role": draw.choice(["close_relative", "witness", "deceased"]),
                                "case": f"@c{of % CASES}"}]}
    if draw.random() < 0.8:
        fields["dob"] = born()
    if draw.random() < 0.4:
        fields["addresses"] = [{"value": address, "safe": "yes"}]
    if draw.random() < 0.6:
        mobile = f"07700 {draw.randrange(100000, 999999)}"
        fields["phones"] = [{"value": phone if draw.random() < 0.2 else mobile, "safe": "yes"}]
    if draw.random() < 0.05:
        fields.update(safe_rule="never_whom", safe_rule_detail="The husband", safe_post="no")
    write("person", f"p{i}", **fields)
    if i % 100 == 99:
        # Written down again by somebody else: in another order, or without what wasn't known.
        again = dict(fields, name=", ".join(reversed(fields["name"].split())))
        if draw.random() < 0.5:
            again.pop("phones", None)
        again["role_in_case"] = [{"role": "witness", "case": case()}]
        write("person", f"p{i}again", **again)
for i in range(SERVICES):
    write("service", f"s{i}", name=f"{common(LAST)} Trust {i}", organization="A trust",
          categories=draw.sample(["idva", "brake", "victim_support"], 2),
          la_areas=draw.sample(AREAS, 2),
          minimum_age=draw.choice([0, 16, 18]), status="active", verify_every_days=90,
          assured_date=day(draw.randrange(200)))
for i in range(OTHERS):
    write("risk_assessment", f"r{i}", case_id=case(), kind="dash", tool_version="1",
          judgement_band=draw.choice(["standard", "medium", "high"]),
          happened_at=ago(draw.randrange(900)), review_on=day(draw.randrange(900) - 90))
    write("action", f"a{i}", case_id=case(), text="Ring the family about the property",
          kind=draw.choice(["enquiry", "search", "family_request"]),
          due=day(draw.randrange(900) - 30), happened_at=ago(draw.randrange(900)),
          **({"state": "open"} if i % 10 == 0 else {"state": "done", "result": "Done"}))
    write("referral", f"f{i}", case_id=case(), person=person(), type="brake",
          la_area=draw.choice(AREAS), service=f"@s{draw.randrange(SERVICES)}",
          decision="referred", consent="given", sent_at=ago(draw.randrange(900)),
          state=draw.choice(["done", "done", "done", "sent"]),
          happened_at=ago(draw.randrange(900)))
    write("marker", f"m{i}", about=person(), kind="repeat_victim", reason="Three reports",
          state=draw.choice(["active", "cancelled"]), cancelled_reason="It is over",
          review_on=day(draw.randrange(900) - 60))
    write("intervention", f"i{i}", op_ref="LIME", airport=draw.choice(["BHX", "LHR", "MAN"]),
          happened_at=ago(draw.randrange(700)), group={"adults": 2, "girls_5_8": 1},
          outcome=["leaflet"])
written = CASES + PERSONS + PERSONS // 100 + SERVICES + 5 * OTHERS
for i in range(COUNT - written):
    held = draw.randrange(1000)
    fields = {"case_id": case(), "started_at": ago(held), "method":
              draw.choice(["visit", "phone", "video"]), "direction": "police_to_family",
              "account": f"Told about the inquest and the return of property, item {i % 501}."}
    if i % 3 == 0:
        fields["told"] = [{"topic": "the inquest", "detail": "The day of the hearing"}]
    if i % 5 == 0:
        fields["requests"] = [{"text": "To see the place", "agreed": draw.choice(
            ["yes", "yes", "pending"])}]
    if i % 2 == 0 and held > 14:
        fields["next_contact"] = {"when": ago(held - 14)}
    if i % 20 == 0:
        fields.update(method="attempted", attempt="no_answer")
    write("contact", f"k{i}", **fields)
