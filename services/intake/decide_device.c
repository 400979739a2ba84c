/* Decisions on devices. A serial belongs to one device in use of the tenant. */
#include "services/intake/decide.h"

#include <string.h>

void intake_register_device_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__RegisterDevice *c = command;
	const struct wb_id zero = {{0}};
	(void)tenant;
	wb_turn_read(t, "tenant", zero);
	if (c->details->serial)
		serials_turn(t);
	if (c->has_office_id)
		wb_turn_read(t, "office", wb_id_of_field(c->office_id));
	if (c->has_user_id)
		wb_turn_read(t, "contact", wb_id_of_field(c->user_id));
}

void intake_register_device(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RegisterDevice *c = command;
	const struct wb_id none = {{0}};
	struct wb_id office_id, user_id;
	if (!need_tenant(d) || !details_fit(d, c->details, "details"))
		return;
	const Office *office = c->has_office_id ? need_office(d, c->office_id, "officeId") : NULL;
	const Contact *user = c->has_user_id && !wb_refused(d) ? need_contact(d, c->user_id, "userId") : NULL;
	if (wb_refused(d) || !serial_free(d, c->details->serial, none, "details.serial"))
		return;
	if (office)
		office_id = wb_id_of_field(office->office_id);
	if (user)
		user_id = wb_id_of_field(user->contact_id);
	emit_device(d, wb_new_id(d, "device"), c->details, office ? &office_id : NULL, user ? &user_id : NULL);
}

/* The record itself, in use: an alias or a retired one is not changed. */
static const Device *device_in_use(struct wb_decision *d, ProtobufCBinaryData id)
{
	const Device *row = any_device(d, id, "deviceId");
	if (row && row->has_merged_into_id)
		wb_refuse(d, WB_DEVICE_IS_ALIAS, "deviceId");
	else if (row && row->retired)
		wb_refuse(d, WB_DEVICE_RETIRED, "deviceId");
	return wb_refused(d) ? NULL : row;
}

TURNS_ON(change_device, Weibao__V1__ChangeDevice, "device", device_id)

void intake_change_device(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ChangeDevice *c = command;
	const Device *row = device_in_use(d, c->device_id);
	if (!row || !details_fit(d, c->details, "details"))
		return;
	if (c->details->serial && (!row->details->serial || strcmp(c->details->serial, row->details->serial) != 0)) {
		wb_refuse(d, WB_SERIAL_FIXED, "details.serial");
		return;
	}
	NEW(d, Weibao__V1__DeviceChanged, weibao__v1__device_changed__init, e);
	e->device_id = c->device_id;
	e->details = c->details;
	e->details->serial = row->details->serial;
	wb_emit(d, "device", wb_id_of_field(c->device_id), &e->base);
}

void intake_move_device_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__MoveDevice *c = command;
	(void)tenant;
	wb_turn_write(t, "device", wb_id_of_field(c->device_id));
	wb_turn_read(t, "office", wb_id_of_field(c->office_id));
}

void intake_move_device(struct wb_decision *d, const void *command)
{
	const Weibao__V1__MoveDevice *c = command;
	const Device *row = device_in_use(d, c->device_id);
	const Office *office = row ? need_office(d, c->office_id, "officeId") : NULL;
	if (!office)
		return;
	if (row->has_office_id && wb_id_equal(wb_id_of_field(row->office_id), wb_id_of_field(office->office_id))) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__DeviceMoved, weibao__v1__device_moved__init, e);
	e->device_id = c->device_id;
	e->office_id = office->office_id;
	wb_emit(d, "device", wb_id_of_field(c->device_id), &e->base);
}

void intake_change_device_user_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__ChangeDeviceUser *c = command;
	(void)tenant;
	wb_turn_write(t, "device", wb_id_of_field(c->device_id));
	if (c->has_user_id)
		wb_turn_read(t, "contact", wb_id_of_field(c->user_id));
}

void intake_change_device_user(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ChangeDeviceUser *c = command;
	const Device *row = device_in_use(d, c->device_id);
	const Contact *user = row && c->has_user_id ? need_contact(d, c->user_id, "userId") : NULL;
	if (wb_refused(d) || !row)
		return;
	bool same = row->has_user_id == c->has_user_id &&
	            (!user || wb_id_equal(wb_id_of_field(row->user_id), wb_id_of_field(user->contact_id)));
	if (same) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__DeviceUserChanged, weibao__v1__device_user_changed__init, e);
	e->device_id = c->device_id;
	e->has_user_id = user != NULL;
	if (user)
		e->user_id = user->contact_id;
	wb_emit(d, "device", wb_id_of_field(c->device_id), &e->base);
}

void intake_replace_device_serial_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__ReplaceDeviceSerial *c = command;
	(void)tenant;
	wb_turn_write(t, "device", wb_id_of_field(c->device_id));
	serials_turn(t);
}

void intake_replace_device_serial(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ReplaceDeviceSerial *c = command;
	struct wb_id id = wb_id_of_field(c->device_id);
	const Device *row = device_in_use(d, c->device_id);
	if (!row || !need_text(d, c->new_serial, INTAKE_NAME_CHARS, "newSerial") ||
	        !need_text(d, c->reason, INTAKE_LINE_CHARS, "reason"))
		return;
	if (row->details->serial && strcmp(row->details->serial, c->new_serial) == 0) {
		wb_already(d);
		return;
	}
	if (!serial_free(d, c->new_serial, id, "newSerial"))
		return;
	NEW(d, Weibao__V1__DeviceSerialReplaced, weibao__v1__device_serial_replaced__init, e);
	e->device_id = c->device_id;
	e->old_serial = row->details->serial ? row->details->serial : wb_arena_str(d->arena, "");
	e->new_serial = c->new_serial;
	e->reason = c->reason;
	wb_emit(d, "device", id, &e->base);
}

TURNS_ON(retire_device, Weibao__V1__RetireDevice, "device", device_id)

void intake_retire_device(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RetireDevice *c = command;
	const Device *row = any_device(d, c->device_id, "deviceId");
	if (!row || !need_text(d, c->reason, INTAKE_LINE_CHARS, "reason"))
		return;
	if (row->has_merged_into_id) {
		wb_refuse(d, WB_DEVICE_IS_ALIAS, "deviceId");
		return;
	}
	if (row->retired) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__DeviceRetired, weibao__v1__device_retired__init, e);
	e->device_id = c->device_id;
	e->reason = c->reason;
	wb_emit(d, "device", wb_id_of_field(c->device_id), &e->base);
}

void intake_reinstate_device_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__ReinstateDevice *c = command;
	(void)tenant;
	wb_turn_write(t, "device", wb_id_of_field(c->device_id));
	serials_turn(t);
}

void intake_reinstate_device(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ReinstateDevice *c = command;
	struct wb_id id = wb_id_of_field(c->device_id);
	const Device *row = any_device(d, c->device_id, "deviceId");
	if (!row)
		return;
	if (row->has_merged_into_id) {
		wb_refuse(d, WB_DEVICE_IS_ALIAS, "deviceId");
		return;
	}
	if (!row->retired) {
		wb_already(d);
		return;
	}
	if (!serial_free(d, row->details->serial, id, "deviceId"))
		return;
	NEW(d, Weibao__V1__DeviceReinstated, weibao__v1__device_reinstated__init, e);
	e->device_id = c->device_id;
	wb_emit(d, "device", id, &e->base);
}

void intake_merge_devices_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__MergeDevices *c = command;
	(void)tenant;
	wb_turn_write(t, "device", wb_id_of_field(c->device_id));
	wb_turn_write(t, "device", wb_id_of_field(c->into_id));
}

void intake_merge_devices(struct wb_decision *d, const void *command)
{
	const Weibao__V1__MergeDevices *c = command;
	struct wb_id id = wb_id_of_field(c->device_id);
	const Device *row = any_device(d, c->device_id, "deviceId");
	if (!row)
		return;
	if (row->has_merged_into_id) {
		wb_refuse(d, WB_DEVICE_IS_ALIAS, "deviceId");
		return;
	}
	const Device *into = need_device(d, c->into_id, "intoId");
	if (!into)
		return;
	if (wb_id_equal(wb_id_of_field(into->device_id), id)) {
		wb_refuse(d, WB_MERGE_WITH_ITSELF, "intoId");
		return;
	}
	NEW(d, Weibao__V1__DeviceMerged, weibao__v1__device_merged__init, e);
	e->device_id = c->device_id;
	e->into_id = into->device_id;
	wb_emit(d, "device", id, &e->base);
}
