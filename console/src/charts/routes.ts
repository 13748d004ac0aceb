// Pictures where people would rather look, each with its table and its file.
import { type Child, h } from "../base/h";
import { type Page, type Route, deskRoles } from "../base/page";
import { cadencePage, conflictAgePage, freshnessPage } from "./bars";
import { monthsPage } from "./months";

const pages: readonly { path: string; name: string; draw: Route["draw"] }[] = [
    { path: "/figures", name: "Interventions and referrals", draw: monthsPage },
    { path: "/figures/cadence", name: "How often families are met", draw: cadencePage },
    { path: "/figures/conflicts", name: "How long conflicts wait", draw: conflictAgePage },
    { path: "/figures/devices", name: "When devices were heard", draw: freshnessPage },
];

function others(path: string): Child {
    return h("nav.daybook-subnav", { "aria-label": "Figures" },
        h("ul.govuk-list", pages.map((p) => h("li",
            h("a.govuk-link", { href: p.path, "aria-current": p.path === path ? "page" : null },
                p.name)))));
}

export const chartRoutes: readonly Route[] = pages.map((p, i) => ({
    path: p.path,
    title: p.name,
    roles: deskRoles,
    ...(i === 0 ? { menu: "Figures" } : {}),
    draw: async (page: Page) => [others(p.path), await p.draw(page)],
}));
