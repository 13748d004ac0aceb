// A new person, and what is learnt of one: how they may be reached safely is asked before any
// number or address is.
import { type Leaves, localTime } from "./leaves";
import { type Kind, beginPage, editPage, newPage } from "./write";

const numbers = "Numbers and addresses";
/** The one question that stands before numbers: it always has an answer, "not known" included. */
const rule = "safe_rule";

function isAnswered(form: HTMLFormElement): boolean {
    return new FormData(form).get(rule) !== null;
}

/** Numbers are asked for once somebody has said how they may be used. */
function look(form: HTMLFormElement): void {
    const part = form.querySelector<HTMLElement>(`[data-part="${numbers}"]`);
    if (part) part.hidden = !isAnswered(form);
}

function begins(): Leaves {
    const leaves: Leaves = new Map([["happened_at", localTime(new Date())]]);
    // A row of each, to be filled in.
    for (const row of ["role_in_case[0].role", "s38_category[0].category"]) leaves.set(row, "");
    return leaves;
}

export const person: Kind = {
    form: "person",
    one: "person",
    path: "/persons",
    first: ["name", "dob", "dob_precision", "role_in_case", "s38_category"],
    parts: [
        { title: "How they may be reached safely", names: [rule, "safe_rule_detail", "safe_times",
            "safe_person", "safe_person_name", "safe_message", "safe_voicemail", "safe_post",
            "safe_withhold"],
        hint: "Ask them when nobody else hears it. What you can't ask is not known: then whoever " +
            "wants to reach them asks first." },
        { title: numbers, names: ["phones", "addresses", "emails", "social"],
            hint: "Say of each whether it is safe to use." },
    ],
    more: [
        { title: "Languages, interpreter and needs", names: ["languages", "interpreter_needed",
            "interpreter_gender", "interpreter_independent", "needs", "needs_detail"] },
        { title: "Other names and relationships", names: ["names", "relationships"] },
        { title: "About them", names: ["age_band", "sex", "gender", "ethnicity_self_defined",
            "ethnicity_officer", "religion", "nationality", "deceased_at"] },
        { title: "As a victim", names: ["enhanced_rights", "supports_prosecution"] },
        { title: "When safe contact was last gone through with them", names: ["safe_reviewed_at",
            "safe_reviewed_by", "safe_word"] },
    ],
    apart: ["linked_persons"],
    needed: { [rule]: "Say how they may be reached safely; not known is an answer" },
    roomy: [rule],
    hints: {
        name: "As you would write it in a sentence.",
        safe_rule_detail: "Through whom, where never, or who must not hear it: in their words.",
        safe_person: "Somebody through whom they can be reached, if there is a record of them.",
        "phones.shared_with": "Who else sees or answers it.",
        "addresses.shared_with": "Who else lives there or opens the post.",
    },
    begins,
    look,
};

export const beginPerson = beginPage(person.path);
export const newPersonPage = newPage(person, "Add a person",
    "What you know now is enough. How they may be reached comes before any number.");
export const editPersonPage = editPage(person);
