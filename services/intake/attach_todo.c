/* To-dos of files: an upload that was not finished is dropped, an import is staged chunk by chunk. */
#include "services/intake/files.h"

void intake_act_drop_upload(struct wb_errand *e, const struct wb_todo *row)
{
	Weibao__V1__DropUpload *c = WB_ARENA_NEW(e->arena, Weibao__V1__DropUpload);
	if (!c)
		return;
	weibao__v1__drop_upload__init(c);
	c->attachment_id = wb_field_of_id(e->arena, row->ref);
	wb_errand_send(e, NULL, &c->base);
}

void intake_act_stage_import(struct wb_errand *e, const struct wb_todo *row)
{
	Weibao__V1__StageImportChunk *c = WB_ARENA_NEW(e->arena, Weibao__V1__StageImportChunk);
	if (!c)
		return;
	weibao__v1__stage_import_chunk__init(c);
	c->import_id = wb_field_of_id(e->arena, row->ref);
	c->chunk = row->n;
	wb_errand_send(e, NULL, &c->base);
}
