// The console: who looks, and what there is to look at.
import { chartRoutes } from "./charts/routes";
import { deskRoutes } from "./desk/routes";
import { officerRoutes } from "./officer/routes";
import { start } from "./base/shell";

// The first route with a name in the navigation that a role may see is its first page.
start([...officerRoutes, ...deskRoutes, ...chartRoutes]);
