/*
 * The world of the demo: two client units with their people and devices, the provider's teams, and everyone's accounts,
 * made by the real commands in a cell of one process on a virtual clock.
 *
 * A command that is refused where it must not be ends the program: a demo is made whole or not at all. One thread.
 */
#ifndef WB_DEMO_WORLD_H
#define WB_DEMO_WORLD_H
#include "ops/simcell/drive.h"
#include "ops/simcell/simcell.h"

#define DEMO_PASSWORD "weibao-demo"
#define CLIENTS 2
#define OFFICES_MAX 10
#define CONTACTS_MAX 40
#define DEVICES_MAX 120
#define ENGINEERS 6

struct account {
	char login[32], name[64];
	const char *roles; /* "HOTLINE|ENGINEER" */
	const char *home;
	struct wb_id account, person;
};
struct contact {
	struct wb_id id;
	size_t office;
	char name[64], telephone[24];
};
struct device {
	struct wb_id id;
	size_t office, user;
	bool excluded, secret;
};
struct client {
	const char *tenant, *code, *name;
	struct wb_id team;
	struct wb_id offices[OFFICES_MAX];
	size_t n_offices;
	struct contact contacts[CONTACTS_MAX];
	size_t n_contacts;
	struct device devices[DEVICES_MAX];
	size_t n_devices;
	struct account representative, user; /* user: the first contact */
	size_t first_engineer;               /* of its team: three from here on */
};
struct world {
	const char *dir;
	struct simcell *cell;
	struct drive d;
	uint64_t chance;
	struct client clients[CLIENTS];
	struct account administrator, principal, manager, auditor, leads[CLIENTS], engineers[ENGINEERS];
	uint64_t commands;
	/* Tests: every command that was accepted is sent once more with its id, and must be answered the same. */
	bool repeat;
};
/* All services of a cell, for simcell_options. */
#define DEMO_SERVICES 6
extern const struct wb_service *const demo_services[DEMO_SERVICES];

/* A number below n, from the seed. */
uint32_t pick(struct world *w, uint32_t n);
/* A name. */
void make_name(struct world *w, char ret[static 64]);

/* Acts as that account, or as a service's link holder; then must() sends. */
void act_as(struct world *w, const struct account *a);
/* A command or query that must be answered: else the program says which and ends. */
json_t *must(struct world *w, const char *service, const char *tenant, const char *message, const char *body, ...)
        __attribute__((format(printf, 5, 6)));
/* One that may be refused: NULL then, and w->d.code says why. */
json_t *may(struct world *w, const char *service, const char *tenant, const char *message, const char *body, ...)
        __attribute__((format(printf, 5, 6)));

/* Makes all of the above. */
void world_make(struct world *w);
/* Writes DIR/sign-in.txt. */
void world_sign_in(const struct world *w);
#endif
