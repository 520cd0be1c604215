/* A webcam at /dev/video9, by LD_PRELOAD, where no kernel module can be loaded.
 *
 * It has YUYV and motion JPEG at 640x480 and 1280x720, at the rates of USB 2: YUYV at 1280x720
 * comes 10 times a second, all else 30 times. Frame N is the file 480-N.jpg, 480-N.yuyv, 720-N.jpg
 * or 720-N.yuyv in the folder $WEBCAM; after the last comes the first. While the folder has a file
 * called "unplugged", there is no such device. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MOST 32

static const unsigned FORMATS[] = {V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_MJPEG};
static int device = -1, width, height, buffers, queue[MOST], head, tail, frame;
static unsigned format;
static size_t room;
static char *memory;
static struct timespec due;

static const char *path_of(const char *name) {
  static __thread char path[4096];
  const char *folder = getenv("WEBCAM");
  snprintf(path, sizeof path, "%s/%s", folder ? folder : ".", name);
  return path;
}

static int unplugged(void) { return access(path_of("unplugged"), F_OK) == 0; }

static int fail(int number) {
  errno = number;
  return -1;
}

static int plug(void) {
  if (unplugged()) return fail(ENOENT);
  width = 640, height = 480, format = V4L2_PIX_FMT_YUYV, buffers = head = tail = frame = 0;
  device = memfd_create("webcam", 0);
  return device;
}

#define OPEN(name)                                                     \
  int name(const char *path, int flags, ...) {                         \
    if (path && !strcmp(path, "/dev/video9")) return plug();           \
    va_list rest;                                                      \
    va_start(rest, flags);                                             \
    int mode = va_arg(rest, int);                                      \
    va_end(rest);                                                      \
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, #name);     \
    return real(path, flags, mode);                                    \
  }
OPEN(open)
OPEN(open64)

int close(int file) {
  int (*real)(int) = dlsym(RTLD_NEXT, "close");
  if (file >= 0 && file == device) {
    if (memory) munmap(memory, room * buffers);
    memory = NULL, device = -1;
  }
  return real(file);
}

static int rate(unsigned of, int wide) { return of == V4L2_PIX_FMT_YUYV && wide > 640 ? 10 : 30; }

static size_t load(char *into) {
  char name[64];
  const char *suffix = format == V4L2_PIX_FMT_MJPEG ? "jpg" : "yuyv";
  for (int again = 0; again < 2; again++, frame = 0) {
    snprintf(name, sizeof name, "%d-%d.%s", height, frame, suffix);
    FILE *file = fopen(path_of(name), "rb");
    if (!file) continue;
    size_t size = fread(into, 1, room, file);
    fclose(file);
    frame++;
    return size;
  }
  return 0;
}

static void set_size(struct v4l2_pix_format *pixels) {
  pixels->width = width, pixels->height = height, pixels->pixelformat = format;
  pixels->field = V4L2_FIELD_NONE;
  pixels->bytesperline = width * 2, pixels->sizeimage = width * height * 2;
}

static int next_frame(struct v4l2_buffer *buffer) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long left = (due.tv_sec - now.tv_sec) * 1000000L + (due.tv_nsec - now.tv_nsec) / 1000;
  if (left > 0) usleep(left);
  if (unplugged()) return fail(ENODEV);
  if (head == tail) return fail(EAGAIN);
  due.tv_nsec += 1000000000L / rate(format, width);
  if (due.tv_nsec >= 1000000000L) due.tv_nsec -= 1000000000L, due.tv_sec++;
  static unsigned sequence;
  buffer->index = queue[head++ % MOST];
  buffer->sequence = sequence++;
  buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
  clock_gettime(CLOCK_MONOTONIC, &now);
  buffer->timestamp.tv_sec = now.tv_sec, buffer->timestamp.tv_usec = now.tv_nsec / 1000;
  buffer->bytesused = load(memory + room * buffer->index);
  return 0;
}

static int answer(unsigned long request, void *given) {
  struct v4l2_capability *capability = given;
  struct v4l2_fmtdesc *description = given;
  struct v4l2_frmsizeenum *size = given;
  struct v4l2_frmivalenum *interval = given;
  struct v4l2_format *wanted = given;
  struct v4l2_streamparm *stream = given;
  struct v4l2_requestbuffers *request_buffers = given;
  struct v4l2_buffer *buffer = given;
  struct v4l2_input *input = given;
  switch ((unsigned)request) {
    case (unsigned)VIDIOC_QUERYCAP:
      memset(capability, 0, sizeof *capability);
      strcpy((char *)capability->driver, "uvcvideo");
      strcpy((char *)capability->card, "Pretend Cam");
      capability->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
      capability->capabilities = capability->device_caps | V4L2_CAP_DEVICE_CAPS;
      return 0;
    case (unsigned)VIDIOC_ENUM_FMT:
      if (description->index > 1) return fail(EINVAL);
      description->pixelformat = FORMATS[description->index];
      return 0;
    case (unsigned)VIDIOC_ENUM_FRAMESIZES:
      if (size->index > 1) return fail(EINVAL);
      size->type = V4L2_FRMSIZE_TYPE_DISCRETE;
      size->discrete.width = size->index ? 1280 : 640;
      size->discrete.height = size->index ? 720 : 480;
      return 0;
    case (unsigned)VIDIOC_ENUM_FRAMEINTERVALS:
      if (interval->index) return fail(EINVAL);
      interval->type = V4L2_FRMIVAL_TYPE_DISCRETE;
      interval->discrete.numerator = 1;
      interval->discrete.denominator = rate(interval->pixel_format, interval->width);
      return 0;
    case (unsigned)VIDIOC_G_FMT:
      set_size(&wanted->fmt.pix);
      return 0;
    case (unsigned)VIDIOC_S_FMT:
      format = wanted->fmt.pix.pixelformat;
      if (format != V4L2_PIX_FMT_MJPEG) format = V4L2_PIX_FMT_YUYV;
      width = wanted->fmt.pix.width > 640 ? 1280 : 640, height = width * 9 / 16;
      if (width == 640) height = 480;
      set_size(&wanted->fmt.pix);
      return 0;
    case (unsigned)VIDIOC_G_PARM:
    case (unsigned)VIDIOC_S_PARM:
      stream->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
      stream->parm.capture.timeperframe.numerator = 1;
      stream->parm.capture.timeperframe.denominator = rate(format, width);
      return 0;
    case (unsigned)VIDIOC_REQBUFS:
      if (request_buffers->count > MOST) request_buffers->count = MOST;
      if (memory) munmap(memory, room * buffers);
      memory = NULL, buffers = request_buffers->count, room = (size_t)width * height * 2;
      room = (room + 4095) & ~4095UL;
      if (!buffers) return 0;
      if (ftruncate(device, room * buffers)) return -1;
      memory = mmap(0, room * buffers, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
      return 0;
    case (unsigned)VIDIOC_QUERYBUF:
      buffer->length = room, buffer->m.offset = buffer->index * room;
      return 0;
    case (unsigned)VIDIOC_QBUF:
      queue[tail++ % MOST] = buffer->index;
      return 0;
    case (unsigned)VIDIOC_DQBUF:
      return next_frame(buffer);
    case (unsigned)VIDIOC_STREAMON:
      clock_gettime(CLOCK_MONOTONIC, &due);
      return 0;
    case (unsigned)VIDIOC_STREAMOFF:
    case (unsigned)VIDIOC_S_INPUT:
      return 0;
    case (unsigned)VIDIOC_G_INPUT:
      *(int *)given = 0;
      return 0;
    case (unsigned)VIDIOC_ENUMINPUT:
      if (input->index) return fail(EINVAL);
      memset(input, 0, sizeof *input);
      strcpy((char *)input->name, "Camera 1");
      input->type = V4L2_INPUT_TYPE_CAMERA;
      return 0;
  }
  return fail(ENOTTY);
}

int ioctl(int file, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void *given = va_arg(rest, void *);
  va_end(rest);
  if (file >= 0 && file == device) return unplugged() ? fail(ENODEV) : answer(request, given);
  int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
  return real(file, request, given);
}
