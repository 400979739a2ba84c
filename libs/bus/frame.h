/*
 * The frames on the bus: what stands in a ZeroMQ message, for everyone who speaks it, by libs/bus or by hand.
 *
 *   requests and replies (DEALER to ROUTER and back):   [request id: 8 bytes, big-endian] [body]
 *   feed (PUB to SUB):                                  ["f"] [body]
 *
 * As seen by a ROUTER, ZeroMQ's own routing id frame stands in front: [routing id] [request id] [body]. There is no
 * empty delimiter frame (that is REQ's). The request id is made by the asker, unique among its own requests under
 * way, and comes back untouched in the reply; a body is opaque here and may be empty. Anything else (another number
 * of frames, an id frame that has not exactly 8 bytes, another topic) is malformed: dropped and counted, never
 * answered.
 */
#ifndef WB_BUS_FRAME_H
#define WB_BUS_FRAME_H

#define WB_FRAME_ID_BYTES 8         /* request id: wb_be64_put, wb_be64_get */
#define WB_FRAME_ROUTE_BYTES_MAX 16 /* routing ids are ZeroMQ's own (5 bytes); a longer one is malformed */
#define WB_FRAME_TOPIC "f"          /* of every feed message */
#define WB_FRAME_TOPIC_BYTES 1

/* What MAXMSGSIZE and every sender's check stand at unless an option says otherwise. */
#define WB_FRAME_BODY_BYTES_MAX (1024 * 1024)
#endif
