"""Every text of the window, in one table. Keys that the page has, too, say the same there."""

from typing import Final

TEXTS: Final = {
    "tagline": "One photo. Any face.",
    "modeFile": "Photo or video",
    "modeCamera": "Camera",
    "dismiss": "Dismiss",
    # the new face
    "source": "New face",
    "sourceDrop": "Drop a photo of a face",
    "sourceMore": "Add another photo",
    "sourceAgain": "Several photos of one person look better than one.",
    "sourceSaved": "Saved faces",
    "savedFace": "Saved face",
    "choose": "or choose a file",
    "checking": "Looking for the face …",
    "faceFound": "Face found",
    "noFace": "No face found in {name}. Use a photo in which the face is seen from the front.",
    "severalFaces": "{count} faces found. Whose is it?",
    "notAPhoto": "{name} is a video. Faces are taken from photos.",
    # the target
    "target": "Photo or video to change",
    "targetDrop": "Drop a photo, GIF or video",
    "targetFormats": "MP4, MOV, WebM, GIF, JPEG, PNG …",
    "targetReplace": "Change file",
    "targetFacts": "{width} \u00d7 {height}",
    "targetMore": "and {count} more: each becomes a job of its own",
    "targetChecking": "Reading the file …",
    # the preview
    "preview": "Preview",
    "before": "Before",
    "after": "After",
    "previewBusy": "Making the preview …",
    "previewWaiting": "Now drop a photo of the new face",
    "previewEmpty": "Drop a face and a file: the preview appears here",
    "previewNobody": "No face was replaced in this frame. "
    "Move the slider, or choose another person.",
    "play": "Play",
    "playing": "Stop ({done}/{total})",
    "stop": "Stop",
    "detach": "Own window",
    # people
    "people": "Who is replaced",
    "peopleSearching": "Looking for people …",
    "peopleHint": "Drop a photo on a person to give them another face.",
    "peopleAll": "Everyone",
    "person": "Person {number}",
    "frames": "{count} frames",
    "frames.one": "{count} frame",
    "giveFaceShort": "Other face",
    "takeFaceShort": "Common face",
    # options
    "options": "Options",
    "quality": "Quality",
    "qualityBasic": "Basic",
    "qualityEnhanced": "Enhanced",
    "sound": "Keep the sound",
    "label": "Show a label “AI MODIFIED”",
    "fps": "Frame rate",
    "fpsSame": "same",
    "keepFrames": "Also save each frame",
    "encoder": "Video encoder",
    "more": "More options",
    "less": "Fewer options",
    "reset": "Back to defaults",
    "missing": "not installed",
    "wrongNumber": "Write a number from {minimum} to {maximum}.",
    # start and outputs
    "start": "Swap",
    "startMissing": "Drop a face and a file first",
    "started": "Started: {name}",
    "outputs": "Results go to {folder}",
    "outputsUsual": "Outputs in your videos or pictures",
    # jobs
    "jobs": "Results",
    "jobsNone": "Results appear here.",
    "waiting": "Waiting",
    "running": "Running",
    "paused": "Paused",
    "succeeded": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "stopping": "Stopping …",
    "progressOf": "{done} of {total} frames",
    "progress": "{done} frames",
    "rate": "{fps} frames/s",
    "left": "{time} left",
    "cancel": "Cancel",
    "pause": "Pause",
    "resume": "Resume",
    "retry": "Retry",
    "delete": "Delete",
    "open": "Open",
    "folder": "Folder",
    "summary": "{swapped} of {frames} frames changed in {time}",
    "fileGone": "{name} is not there any more.",
    "cannotOpen": "No program opens {name}.",
    "cannotOpenHint": "open the folder {folder} yourself",
    # sharing
    "share": "Share",
    "sharing": "Uploading for others …",
    "shareUntil": "works until {time}",
    "shareForever": "works until it is deleted",
    "unshare": "Stop sharing",
    "close": "Close",
    "copy": "Copy",
    "copied": "Copied",
    # the camera
    "camera": "Camera",
    "cameraChoice": "Which camera",
    "cameraNone": "No camera found",
    "cameraNothingKept": "The camera's picture is swapped and shown here. Nothing is kept.",
    "cameraNeedsFace": "Drop a photo of the new face first",
    "cameraStart": "Start the camera",
    "cameraStop": "Stop",
    "cameraLoading": "Loading …",
    "cameraRefresh": "Look again",
    "mirror": "Mirror",
    "still": "Take a still",
    "record": "Record",
    "recordEnd": "Stop recording",
    "recorded": "Recorded to {path}",
    "virtualCamera": "Show to other programs",
    "liveFps": "{count} fps",
    "liveLatency": "{count} ms",
    # the first start, the end
    "consent": "Swap only faces of people who agreed. Every result is marked as made with AI.",
    "consentTitle": "Before you begin",
    "consentMore": "roop replaces one person's face with another's. Use it only with the "
    "consent of the people shown. Nudity is refused, and every output is marked as made with AI.",
    "consentAccept": "I have their consent",
    "consentDecline": "Quit",
    "closeTitle": "A job is running",
    "closeQuestion": "What should happen to it when the window closes?",
    "closeBackground": "Go on in the background",
    "closePause": "Pause",
    "closeCancel": "Cancel the job",
    "closeStay": "Keep the window open",
    "damaged": "The saved preferences were damaged and were put aside as {name}.",
    "photos": "Photos",
    "media": "Photos and videos",
    "allFiles": "All files",
}


def text(key: str, **values: object) -> str:
    """Return a text.

    Args:
        key: Its key; with ``count=1`` the one for a single thing, if there is one.
        values: What replaces its placeholders.
    """
    single = f"{key}.one"
    found = TEXTS[single] if values.get("count") == 1 and single in TEXTS else TEXTS[key]
    return found.format(**values)


def clock(seconds: float) -> str:
    """Return seconds as 1:05."""
    minutes, second = divmod(max(0, round(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
