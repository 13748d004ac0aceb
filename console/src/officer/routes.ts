// The officer's screens, sized for a phone first.
import type { Role } from "../base/client";
import type { Route } from "../base/page";
import { beginContact, contactPage, editContactPage, newContactPage } from "./contact";
import { contactsPage } from "./contacts";
import { todayPage } from "./home";
import { beginFlight, editFlightPage, flightPage, flightsPage, newFlightPage } from "./flight";
import { beginIntervention, editInterventionPage, interventionPage, interventionsPage,
    newInterventionPage } from "./intervention";
import { beginPerson, editPersonPage, newPersonPage } from "./person";
import { personPage, personsPage } from "./persons";
import { sealedPage } from "./tablet";

const roles: readonly Role[] = ["officer", "guest", "writer", "supervisor"];
/** A shared tablet that only writes has nothing to show. */
const readers: readonly Role[] = ["officer", "guest", "supervisor"];

export const officerRoutes: readonly Route[] = [
    { path: "/today", title: "Today", menu: "Today", roles, draw: todayPage },
    { path: "/contacts", title: "Contacts", menu: "Contacts", roles: readers, draw: contactsPage },
    { path: "/contacts/new", title: "New contact", roles, draw: beginContact },
    { path: "/contacts/new/:key", title: "New contact", roles, typed: true, draw: newContactPage },
    { path: "/contacts/:id", title: "Contact", typed: true, draw: contactPage },
    { path: "/contacts/:id/edit", title: "Change contact", roles: readers, typed: true,
        draw: editContactPage },
    { path: "/persons", title: "Persons", menu: "Persons", roles: readers, draw: personsPage },
    { path: "/persons/new", title: "New person", roles, draw: beginPerson },
    { path: "/persons/new/:key", title: "New person", roles, typed: true, draw: newPersonPage },
    { path: "/persons/:id/edit", title: "Change person", roles: readers, typed: true,
        draw: editPersonPage },
    { path: "/sealed/:form/:id", title: "Saved and sealed", roles, draw: sealedPage },
    { path: "/persons/:id", title: "Person", roles: readers, draw: personPage },
    { path: "/interventions", title: "Airport", menu: "Airport", roles: readers,
        draw: interventionsPage },
    { path: "/interventions/new", title: "New intervention", roles, draw: beginIntervention },
    { path: "/interventions/new/:key", title: "New intervention", roles, typed: true,
        draw: newInterventionPage },
    { path: "/interventions/:id", title: "Intervention", roles: readers, typed: true,
        draw: interventionPage },
    { path: "/interventions/:id/edit", title: "Change intervention", roles: readers, typed: true,
        draw: editInterventionPage },
    { path: "/flights", title: "Flight sheets", roles: readers, draw: flightsPage },
    { path: "/flights/new", title: "New flight sheet", roles, draw: beginFlight },
    { path: "/flights/new/:key", title: "New flight sheet", roles, typed: true,
        draw: newFlightPage },
    { path: "/flights/:id", title: "Flight sheet", roles: readers, typed: true, draw: flightPage },
    { path: "/flights/:id/edit", title: "Change flight sheet", roles: readers, typed: true,
        draw: editFlightPage },
];
