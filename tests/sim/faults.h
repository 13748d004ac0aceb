/* tests/sim/faults.h - what happens to devices and the relay beside what the wire and the disks do
 * by themselves; and what may come of it. */
#ifndef DBK_TESTS_SIM_FAULTS_H
#define DBK_TESTS_SIM_FAULTS_H

#include "tests/sim/sim.h"

void faults_begin(sim *s); /* which this seed has, and how often */
void faults_step(sim *s, sim_device *d);
void faults_heal(sim *s); /* everything that can be mended is */
/* May a sync end so, with the faults that there were? And once all is mended? */
bool faults_excuse(const sim_device *d, dbk_rc rc);
bool faults_excuse_healed(const sim_device *d, dbk_rc rc);

/* fates.c: what befalls whole devices and the relay. */
void fates_begin(sim *s);
void fates_step(sim *s, sim_device *d);
void fates_recover(sim *s);          /* the root's word, if the relay waits for it */
void fates_carry_out(sim_device *d); /* orders to dispose */
void fates_know_who_is_out(sim *s);  /* when all is well: by headquarters' chain, not by guess */
/* It is what it was some writes ago, whatever it said: the device is open again, the relay not yet.
 */
void fates_disk_lied(sim_device *d);
void fates_relay_disk_lied(sim *s);

/* hostile.c: a relay that lies to one device for a while, and a member who writes what is wrong. */
void hostile_begin(sim *s);
void hostile_step(sim *s, sim_device *d);
void hostile_end(sim *s); /* the relay is honest again */
void hostile_meddle(sim_device *d, const dbk_exchange *req, dbk_relay_answer *answer);
unsigned hostile_lies(const sim_device *d); /* told to it so far */
/* A sync is over: what it was lied to since `before`, it must have said. */
void hostile_judge(sim_device *d, unsigned before, dbk_rc rc);
/* It was shown another log than others, and stays with that. */
bool hostile_excuses(sim_device *d, dbk_rc rc);
void hostile_check(sim *s); /* ... of which there is evidence, when all is over */

/* member.c */
void member_does_wrong(sim_device *d);

/* joiner.c: a device that comes late, and begins with headquarters' snapshot. */
void joiner_begin(sim *s);
void joiner_step(sim *s);
void joiner_join(sim *s);

/* floors.c: headquarters lets relays let go of what all have. */
void floors_step(sim *s);
/* What a sync says of that. */
void floors_count(sim_device *d, const dbk_sync_report *r, dbk_rc rc);

/* mule.c: a device meets a folder on a stick. */
void sim_carry(sim_device *d);

#endif
