/*
 * microexpr_core: takes of micro-expression curves from a microexpr server, for a host that knows nothing of gRPC.
 *
 * This header is the manual. It is plain C89 (with <stdint.h>), so any language that can call C can use the library.
 *
 * Shape of the library
 *   - A client stands for one server. Creating it sends nothing.
 *   - Every question to the server is a call: start it, poll it (once a frame, say), read its result, destroy it.
 *   - A subscription delivers what happens in the server's store, in order. It reconnects by itself.
 *   - A take is an immutable value, counted by references.
 *   - Curves are evaluated here as Unreal's FRichCurve evaluates them, in float32; no server is needed for that.
 *
 * Rules for all functions
 *   - They return a status: MICROEXPR_OK, MICROEXPR_PENDING, or an error, which is below 0. microexpr_status_string
 * says what a status means; microexpr_last_message says what was wrong with the last failing function of this thread.
 *   - Nothing throws, nothing calls back. Threads that the library starts never enter the host's code.
 *   - Different handles may be used from different threads at once; one handle from one thread at a time, except for
 * the cancel functions, which any thread may call while the handle lives.
 *   - Structs begin with struct_size and version: set both (MICROEXPR_INIT does) or get MICROEXPR_INVALID_ARGUMENT or
 *     MICROEXPR_VERSION_MISMATCH. The library neither reads nor writes beyond struct_size. Five small structs that come
 *     in arrays have no such fields and will never change: microexpr_key, microexpr_activation, microexpr_probability,
 *     microexpr_event, microexpr_part.
 *   - Pointers in results belong to the library; each function says how long they live. Strings are UTF-8, end with 0
 *     and are never NULL in results; strings in arguments may be NULL where it says so and are copied.
 *   - NULL for a handle or a result that is needed gives MICROEXPR_INVALID_ARGUMENT; the destroy and release functions
 *     accept NULL and do nothing.
 *   - Times are seconds from the first presented frame. Left and right are the subject's.
 */
#ifndef MICROEXPR_CORE_H
#define MICROEXPR_CORE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(_WIN32)
#if defined(MICROEXPR_BUILDS_CORE)
#define MICROEXPR_API __declspec(dllexport)
#else
#define MICROEXPR_API __declspec(dllimport)
#endif
#else
#define MICROEXPR_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------ versions, status */

#define MICROEXPR_STRUCT_VERSION 1u
#define MICROEXPR_PROTOCOL 1u /* what is spoken on the wire: package microexpr.v1 */

/* Clears a struct of this header and sets its first two fields: microexpr_update u; MICROEXPR_INIT(&u); */
#define MICROEXPR_INIT(pointer)                                                                           \
  (memset((pointer), 0, sizeof *(pointer)), (void)((pointer)->struct_size = (uint32_t)sizeof *(pointer)), \
   (void)((pointer)->version = MICROEXPR_STRUCT_VERSION))

enum microexpr_status {
  MICROEXPR_OK = 0,
  MICROEXPR_PENDING = 1,              /* nothing yet: poll again later */
  MICROEXPR_INVALID_ARGUMENT = -1,    /* the call itself is wrong, here or in the server's eyes */
  MICROEXPR_NOT_FOUND = -2,           /* no such take, file or result */
  MICROEXPR_ALREADY_EXISTS = -3,      /* another take has this id: choose another, or set replace */
  MICROEXPR_PERMISSION_DENIED = -4,   /* the server does not allow this path or action */
  MICROEXPR_UNAUTHENTICATED = -5,     /* token missing or wrong */
  MICROEXPR_RESOURCE_EXHAUSTED = -6,  /* too large, too many, or the server's queue or disk is full */
  MICROEXPR_FAILED_PRECONDITION = -7, /* not possible for this take or video; the message says why */
  MICROEXPR_UNAVAILABLE = -8,         /* no server answers at the address: start it, or check address and TLS */
  MICROEXPR_DEADLINE_EXCEEDED = -9,   /* no answer in time */
  MICROEXPR_CANCELLED = -10,          /* by microexpr_*_cancel or a destroy function */
  MICROEXPR_DATA_LOSS = -11,          /* what arrived is damaged or breaks the rules of a take */
  MICROEXPR_UNIMPLEMENTED = -12,      /* this server does not offer that */
  MICROEXPR_ABORTED = -13,            /* the take was replaced or deleted meanwhile: try again */
  MICROEXPR_VERSION_MISMATCH = -14,   /* header and library, or library and server, do not fit: update the older one */
  MICROEXPR_OUT_OF_MEMORY = -15,
  MICROEXPR_INTERNAL = -16 /* a defect of the library or the server: please report the message */
};

/* "0.1.0"; lives for ever. */
MICROEXPR_API const char* microexpr_version(void);
/* A short English name of any status, also of unknown numbers; lives for ever. */
MICROEXPR_API const char* microexpr_status_string(int status);
/* One sentence about the last function of this thread that returned an error; lives until the next error. */
MICROEXPR_API const char* microexpr_last_message(void);

/* ---------------------------------------------------------------------------------------------------------- curves */

enum microexpr_interp_mode { /* ERichCurveInterpMode */
                             MICROEXPR_RCIM_LINEAR = 0,
                             MICROEXPR_RCIM_CONSTANT = 1,
                             MICROEXPR_RCIM_CUBIC = 2,
                             MICROEXPR_RCIM_NONE = 3
};
enum microexpr_tangent_mode { /* ERichCurveTangentMode */
                              MICROEXPR_RCTM_AUTO = 0,
                              MICROEXPR_RCTM_USER = 1,
                              MICROEXPR_RCTM_BREAK = 2,
                              MICROEXPR_RCTM_NONE = 3,
                              MICROEXPR_RCTM_SMART_AUTO = 4
};
enum microexpr_tangent_weight_mode { /* ERichCurveTangentWeightMode */
                                     MICROEXPR_RCTWM_NONE = 0,
                                     MICROEXPR_RCTWM_ARRIVE = 1,
                                     MICROEXPR_RCTWM_LEAVE = 2,
                                     MICROEXPR_RCTWM_BOTH = 3
};
enum microexpr_extrapolation { /* ERichCurveExtrapolation */
                               MICROEXPR_RCCE_CYCLE = 0,
                               MICROEXPR_RCCE_CYCLE_WITH_OFFSET = 1,
                               MICROEXPR_RCCE_OSCILLATE = 2,
                               MICROEXPR_RCCE_LINEAR = 3,
                               MICROEXPR_RCCE_CONSTANT = 4,
                               MICROEXPR_RCCE_NONE = 5
};

/* The fields of FRichCurveKey, in its order. Copy field by field: padding is the compiler's. Tangents in value units a
 * second. Float, as Unreal has it: the wire's doubles are rounded to nearest. */
typedef struct microexpr_key {
  uint8_t interp_mode;
  uint8_t tangent_mode;
  uint8_t tangent_weight_mode;
  uint8_t reserved; /* 0 */
  float time;
  float value;
  float arrive_tangent;
  float arrive_tangent_weight;
  float leave_tangent;
  float leave_tangent_weight;
} microexpr_key;

typedef struct microexpr_curve {
  uint32_t struct_size;
  uint32_t version;
  const char* name;          /* of the control; not read by microexpr_curve_evaluate */
  const microexpr_key* keys; /* in time order; equal times are allowed */
  size_t key_count;
  int32_t pre_infinity; /* microexpr_extrapolation; takes from a server have MICROEXPR_RCCE_CONSTANT */
  int32_t post_infinity;
  int32_t has_default_value; /* 0: unset (Unreal's MAX_FLT) */
  float default_value;       /* of a curve without keys */
} microexpr_curve;

/* FRichCurve::Eval at count times (any order) into values, which may be the same array. fallback is the result of a
 * curve that has neither keys nor a default value. Checks the keys at every call: hand over many times at once.
 * INVALID_ARGUMENT: keys not in time order or not finite, unknown modes, more than 2^24 keys or 2^28 times. */
MICROEXPR_API int microexpr_curve_evaluate(const microexpr_curve* curve, float fallback, const float* times,
                                           float* values, size_t count);

/* FRichCurve::AutoSetTangents: recomputes the tangents of keys that are Cubic and Auto, in place. tension: 0..1,
 * Unreal's default is 0. The first key leaves and the last arrives with 0; their outer sides stay. Nothing is clamped:
 * curves may overshoot. SmartAuto keys stay as they are. INVALID_ARGUMENT as above. */
MICROEXPR_API int microexpr_curve_auto_tangents(microexpr_key* keys, size_t key_count, float tension);

/* ----------------------------------------------------------------------------------------------------------- takes */

enum microexpr_side { MICROEXPR_SIDE_BOTH = 1, MICROEXPR_SIDE_LEFT = 2, MICROEXPR_SIDE_RIGHT = 3 };

typedef struct microexpr_activation {
  uint32_t au;
  int32_t side;     /* microexpr_side */
  double intensity; /* its peak, 0..1 */
} microexpr_activation;

typedef struct microexpr_probability {
  const char* label; /* "happiness" */
  double probability;
} microexpr_probability;

/* One micro-expression: onset_s <= apex_s <= offset_s, score 0..1. */
typedef struct microexpr_event {
  double onset_s;
  double apex_s;
  double offset_s;
  double score;
  const char* emotion; /* the likeliest label, or empty */
  const microexpr_probability* probabilities;
  size_t probability_count;
  const microexpr_activation* activations;
  size_t activation_count;
} microexpr_event;

/* What lists show. Its pointers live as long as what it was read from. */
typedef struct microexpr_take_summary {
  uint32_t struct_size;
  uint32_t version;
  const char* take_id;
  const char* emotion;     /* Ekman's name, or empty */
  const char* source_name; /* of the video, or empty */
  uint8_t sha256[32];      /* zeros in the answer to a remap */
  uint64_t sequence;       /* of its commit in the server's store */
  uint64_t content_bytes;
  double duration_s;
  double committed_unix_s;
  uint32_t curve_count;
  uint32_t reserved;
  const microexpr_event* events;
  size_t event_count;
} microexpr_take_summary;

typedef struct microexpr_take microexpr_take;

typedef struct microexpr_take_info {
  uint32_t struct_size;
  uint32_t version;
  uint32_t frame_rate_num; /* 30000 / 1001 */
  uint32_t frame_rate_den;
  double duration_s;
  const char* start_timecode;  /* HH:MM:SS:FF, or empty */
  const char* provenance_json; /* an object */
  const microexpr_event* events;
  size_t event_count;
  size_t curve_count;
  size_t track_count;
  size_t no_face_count;
  size_t part_count; /* header included */
  uint64_t content_bytes;
  uint8_t sha256[32]; /* over the parts */
} microexpr_take_info;

/* AU intensity before modulation, 0..1; frames without a face are absent. */
typedef struct microexpr_track {
  uint32_t struct_size;
  uint32_t version;
  uint32_t au;
  int32_t side;
  const double* times_s; /* strictly rising */
  const double* values;
  size_t count;
} microexpr_track;

/* A part as it travels: first an encoded TakeHeader, then encoded TakeChunks, none longer than 65,536 bytes. */
typedef struct microexpr_part {
  const void* data;
  size_t size;
} microexpr_part;

/* Makes a take of parts, for instance of a file of them. DATA_LOSS: they break the rules of a take. */
MICROEXPR_API int microexpr_take_from_parts(const microexpr_part* parts, size_t part_count, microexpr_take** take);
/* A take begins with one reference; each retain needs one release more. Any thread. */
MICROEXPR_API int microexpr_take_retain(microexpr_take* take);
MICROEXPR_API void microexpr_take_release(microexpr_take* take);

/* Pointers in these results live as long as the take. Positions beyond the end: NOT_FOUND. */
MICROEXPR_API int microexpr_take_get_info(const microexpr_take* take, microexpr_take_info* info);
MICROEXPR_API int microexpr_take_get_curve(const microexpr_take* take, size_t position, microexpr_curve* curve);
MICROEXPR_API int microexpr_take_get_track(const microexpr_take* take, size_t position, microexpr_track* track);
MICROEXPR_API int microexpr_take_get_no_face(const microexpr_take* take, size_t position, double* start_s,
                                             double* end_s);
MICROEXPR_API int microexpr_take_get_part(const microexpr_take* take, size_t position, microexpr_part* part);
/* Position of the curve of this name, letter case apart. */
MICROEXPR_API int microexpr_take_find_curve(const microexpr_take* take, const char* name, size_t* position);

/* --------------------------------------------------------------------------------------------------------- client */

typedef struct microexpr_client microexpr_client;

typedef struct microexpr_client_options {
  uint32_t struct_size;
  uint32_t version;
  const char* address;      /* "127.0.0.1:50551"; without TLS only this machine: 127.x.x.x, localhost, [::1] */
  const char* tls_root_pem; /* text of the root certificate; NULL: no TLS */
  const char* tls_cert_pem; /* the client's own certificate and key, both or none */
  const char* tls_key_pem;
  const char* tls_server_name;   /* NULL: the address must be in the server's certificate */
  const char* token;             /* NULL: none */
  const char* client_name;       /* shown in the server's log; NULL: "microexpr_core" */
  const char* client_version;    /* NULL: microexpr_version() */
  uint32_t deadline_ms;          /* of short calls (info, list, delete); 0: 10,000 */
  uint32_t transfer_deadline_ms; /* of fetch, remap, push; 0: 120,000. Analyses have none: cancel them */
  uint64_t max_take_bytes;       /* larger takes are refused; 0: 512 MiB */
} microexpr_client_options;

MICROEXPR_API int microexpr_client_create(const microexpr_client_options* options, microexpr_client** client);
/* Cancels and joins all calls and subscriptions of the client (within 2 s); their handles can still be read and must
 * still be destroyed. Call it, and destroy those, before the library is unloaded. */
MICROEXPR_API void microexpr_client_destroy(microexpr_client* client);

/* ----------------------------------------------------------------------------------------------------------- calls */

typedef struct microexpr_call microexpr_call;

typedef struct microexpr_progress {
  uint32_t struct_size;
  uint32_t version;
  const char*
      stage; /* connect, queued, upload, face, motion, intensity, spotting, curves, receive, send; until next poll */
  uint64_t done;  /* of total; in queued: analyses before this one. upload, receive, send count bytes */
  uint64_t total; /* 0: unknown */
} microexpr_progress;

typedef struct microexpr_server_info {
  uint32_t struct_size;
  uint32_t version;
  const char* server_version;
  const char* store_id;
  uint64_t last_sequence;
  uint64_t max_take_bytes;
  uint32_t protocol;
  int32_t analysis; /* 1: the server analyses videos */
  const char* const* rigs;
  size_t rig_count;
  const char* const* emotions;
  size_t emotion_count;
} microexpr_server_info;

typedef struct microexpr_list_options {
  uint32_t struct_size;
  uint32_t version;
  uint32_t page_size; /* 0: the server's choice; at most 500 */
  uint32_t reserved;
  const char* page_token; /* of the page before; NULL: first page */
} microexpr_list_options;

enum microexpr_key_mode { MICROEXPR_KEY_MODE_DEFAULT = 0, MICROEXPR_KEY_MODE_AUTO = 1, MICROEXPR_KEY_MODE_EXACT = 2 };

/* How curves are made of tracks. NaN stands for the server's default of a number, NULL for that of a string. */
typedef struct microexpr_mapping {
  uint32_t struct_size;
  uint32_t version;
  const char* rig;     /* facs, arkit, metahuman */
  const char* emotion; /* anger disgust fear happiness sadness surprise neutral */
  double intensity;    /* the modulator's, 0..1 */
  double gain;         /* remap only */
  double tolerance;    /* of a curve's own peak, above 0 and at most 0.2 */
  int32_t key_mode;    /* microexpr_key_mode */
  int32_t reserved;
} microexpr_mapping;

typedef struct microexpr_analyze_options {
  uint32_t struct_size;
  uint32_t version;
  const char* server_path; /* relative to the server's root, with /; or NULL and... */
  const char* upload_path; /* ... a file of this machine, which is sent */
  const char* take_id;     /* NULL: made of the file's name */
  int32_t replace;         /* 1: another take of this id may be replaced */
  int32_t reserved;
  const microexpr_mapping* mapping; /* NULL: all defaults; gain must be NaN */
} microexpr_analyze_options;

/* Each starts a call and returns at once; the client must live while they are started, not longer. */
MICROEXPR_API int microexpr_start_info(microexpr_client* client, microexpr_call** call);
MICROEXPR_API int microexpr_start_list(microexpr_client* client, const microexpr_list_options* options,
                                       microexpr_call** call);
MICROEXPR_API int microexpr_start_fetch(microexpr_client* client, const char* take_id, microexpr_call** call);
MICROEXPR_API int microexpr_start_remap(microexpr_client* client, const char* take_id, const microexpr_mapping* mapping,
                                        microexpr_call** call);
MICROEXPR_API int microexpr_start_delete(microexpr_client* client, const char* take_id, microexpr_call** call);
/* Stores parts as a take of this id. The same take again is no error. The parts are copied and checked first. */
MICROEXPR_API int microexpr_start_push(microexpr_client* client, const char* take_id, int replace,
                                       const microexpr_part* parts, size_t part_count, microexpr_call** call);
MICROEXPR_API int microexpr_start_analyze(microexpr_client* client, const microexpr_analyze_options* options,
                                          microexpr_call** call);

/* PENDING while it runs, then for ever OK or the error. progress may be NULL. Never waits. */
MICROEXPR_API int microexpr_call_poll(microexpr_call* call, microexpr_progress* progress);
/* One sentence about the call's error; empty without one. Lives as long as the call. */
MICROEXPR_API const char* microexpr_call_message(const microexpr_call* call);
/* Asks it to stop and returns at once; poll tells when it has. A call that is done already stays as it is. */
MICROEXPR_API int microexpr_call_cancel(microexpr_call* call);
/* Cancels, joins, frees. */
MICROEXPR_API void microexpr_call_destroy(microexpr_call* call);

/* Results, once poll has said OK; before that PENDING; NOT_FOUND where this kind of call has no such result. Pointers
 * live as long as the call. */
MICROEXPR_API int microexpr_call_get_info(const microexpr_call* call, microexpr_server_info* info);
/* list: one a take, newest first; fetch, remap, push, analyze: one. */
MICROEXPR_API int microexpr_call_get_summary(const microexpr_call* call, size_t position,
                                             microexpr_take_summary* summary);
/* list: for the next page; empty on the last one. */
MICROEXPR_API int microexpr_call_get_page_token(const microexpr_call* call, const char** page_token);
/* push: 1 if the server had this very take already. */
MICROEXPR_API int microexpr_call_get_already_stored(const microexpr_call* call, int* already_stored);
/* fetch, remap: the take, with a reference for the caller: release it. */
MICROEXPR_API int microexpr_call_get_take(const microexpr_call* call, microexpr_take** take);

/* --------------------------------------------------------------------------------------------------- subscription */

typedef struct microexpr_subscription microexpr_subscription;

typedef struct microexpr_subscribe_options {
  uint32_t struct_size;
  uint32_t version;
  const char* store_id;       /* as last stored by the host; NULL: from the beginning */
  uint64_t since_sequence;    /* as last stored by the host with that store_id */
  int32_t takes;              /* 1: commits and deletions */
  int32_t live;               /* 1: live frames */
  int32_t content;            /* 1: committed takes come with their content */
  uint32_t live_queue;        /* frames of a subject that wait at most; then the oldest goes; 0: 16 */
  const char* take_id_prefix; /* NULL: all */
} microexpr_subscribe_options;

enum microexpr_update_kind {
  MICROEXPR_UPDATE_OTHER = 0,       /* of a newer server: only its resume_sequence counts */
  MICROEXPR_UPDATE_WELCOME = 1,     /* connected; store_id, reset */
  MICROEXPR_UPDATE_COMMITTED = 2,   /* summary, and with content, once it is whole: take, take_status */
  MICROEXPR_UPDATE_DELETED = 3,     /* take_id */
  MICROEXPR_UPDATE_LIVE_HEADER = 4, /* subject_id, subject, names */
  MICROEXPR_UPDATE_LIVE_FRAME = 5,  /* subject_id, time_s, values, sent_unix_s, dropped */
  MICROEXPR_UPDATE_LIVE_END = 6,    /* subject_id */
  MICROEXPR_UPDATE_LOST = 7         /* the connection broke and is being made anew; message. Subjects are gone */
};

/* Its pointers live until the next poll or destroy of the subscription; microexpr_take_retain keeps the take. */
typedef struct microexpr_update {
  uint32_t struct_size;
  uint32_t version;
  int32_t kind;
  int32_t reset;            /* welcome: another store than before: forget what was known; everything in it follows */
  const char* store_id;     /* of the store that this update belongs to */
  uint64_t resume_sequence; /* not 0: once this update is dealt with, store it together with store_id */
  const char* take_id;
  microexpr_take_summary summary; /* its struct_size is set here */
  microexpr_take* take;           /* NULL without content, or when take_status is not OK */
  int32_t take_status;            /* OK; DATA_LOSS, RESOURCE_EXHAUSTED: no content, message says why */
  int32_t reserved;
  const char* message;
  uint64_t subject_id; /* stands for the subject until LOST, LIVE_END or the next header of that number */
  const char* subject;
  const char* const* names;
  size_t name_count;
  const float* values;
  size_t value_count;
  double time_s;
  double sent_unix_s;
  uint64_t dropped; /* frames of this subject left out before this one, on the way or here */
} microexpr_update;

MICROEXPR_API int microexpr_subscribe(microexpr_client* client, const microexpr_subscribe_options* options,
                                      microexpr_subscription** subscription);
/* OK: one update was written. PENDING: none now. Below 0: it has ended for good (wrong token, cancelled, ...), and all
 * updates before that were handed out; broken connections do not end it. Never waits. While the host does not poll, at
 * most 64 updates of takes (or max_take_bytes of content) are held; then the stream pauses and nothing is lost. */
MICROEXPR_API int microexpr_subscription_poll(microexpr_subscription* subscription, microexpr_update* update);
/* One sentence: why it ended, or why it is not connected now; empty while connected. Lives until the next poll. */
MICROEXPR_API const char* microexpr_subscription_message(microexpr_subscription* subscription);
/* 1 connected (welcomed), 0 not. */
MICROEXPR_API int microexpr_subscription_is_connected(const microexpr_subscription* subscription);
MICROEXPR_API int microexpr_subscription_cancel(microexpr_subscription* subscription);
/* Cancels, joins (within 2 s), frees with all updates not polled: the stored sequence brings them again. */
MICROEXPR_API void microexpr_subscription_destroy(microexpr_subscription* subscription);

#ifdef __cplusplus
}
#endif
#endif
