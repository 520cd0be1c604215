"""The engine ``mesh`` at work: draw the source's texture on the target's mesh."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.topology import OVAL, load_topology
from roop.geometry import bounds
from roop.processors.base import Context, Processor
from roop.processors.mesh import MeshOptions
from roop.processors.mesh.atlas import level_for, make_atlas
from roop.processors.mesh.light import enlarge, match_light
from roop.processors.mesh.regions import make_regions
from roop.processors.mesh.shape import ShapeSpace, TargetShape
from roop.processors.mesh.surface import affines, draw, lookup, make_surface, paint, with_rim
from roop.types import Face, Frame, Scene

_GRID = 192


class MeshSwap(Processor):
    def __init__(self, options: MeshOptions, context: Context) -> None:
        topology = load_topology()
        self._o = options
        self._surface = make_surface(topology)
        self._regions = make_regions(topology, self._surface)
        portrait = context.identity.portraits[0]
        self._levels = make_atlas(portrait, self._surface, self._regions)
        self._space = ShapeSpace(topology)
        self._source_shape = self._space.shape(portrait.mesh)
        self._tracks = {}
        self.p = dict(sigma=0.12, fold=0.6, fsig=0.03, eyes=False, sharp=1.1, soft=0.03)

    def process(self, scenes: Sequence[Scene]) -> Sequence[Scene]:
        for scene in scenes:
            for face in scene.faces:
                self._swap(scene.frame, face)
        return scenes

    def _swap(self, frame: Frame, face: Face) -> None:
        p = self.p
        R = self._regions
        if face.fresh or face.track not in self._tracks:
            self._tracks[face.track] = TargetShape()
        ts = self._tracks[face.track]
        pose = self._space.pose(face.mesh)
        shape = ts.update(pose.invert(face.mesh))
        moved = face.mesh + self._o.face_shape * pose.turn(
            self._space.difference(self._source_shape, shape)
        )
        vt = with_rim(face.mesh)
        vn = with_rim(moved)
        box = bounds(face.mesh[list(OVAL), :2], margin=2 + 0.1 * np.ptp(face.mesh[:, 0])).clipped(
            frame.size
        )
        k = max(1.0, max(box.width, box.height) / _GRID)
        size = (max(int(np.ceil(box.width / k)), 2), max(int(np.ceil(box.height / k)), 2))
        sc = np.array([size[0] / box.width, size[1] / box.height], np.float32)
        org = np.array([box.x0, box.y0], np.float32)
        gn = vn.copy()
        gn[:, :2] = (vn[:, :2] - org + 0.5) * sc - 0.5
        tb = vt[:, :2] - org
        native = frame.crop(box)
        idx = draw(self._surface, gn, size)
        lev = level_for(self._levels, 1.3 * np.ptp(vn[:, 0]))
        ms = lookup(idx, affines(self._surface, gn, lev.vertices))
        mt = lookup(idx, affines(self._surface, gn, tb))
        n = (box.width, box.height)
        up = (
            (lambda a: a)
            if n == size
            else (lambda a: cv2.resize(a, n, interpolation=cv2.INTER_LINEAR))
        )
        dn = (
            (lambda a: a)
            if n == size
            else (lambda a: cv2.resize(a, size, interpolation=cv2.INTER_AREA))
        )
        S4 = cv2.remap(
            lev.pixels, up(ms[0]), up(ms[1]), cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
        )
        S = S4[..., :3]
        T = cv2.remap(
            native, up(mt[0]), up(mt[1]), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        fw = np.ptp(gn[list(OVAL), 0])
        Sg, Tg = dn(S), dn(T)
        trust = dn(S4[..., 3]).astype(np.float32) / 255
        skin = paint(idx, R.skin * (R.inside > 0.5)) * trust
        gain = enlarge(match_light(Sg, Tg, skin, sigma=p["sigma"]), size)
        if p.get("wide"):
            c = cv2.GaussianBlur(paint(idx, R.core), (0, 0), fw * 0.06)[..., None] * p.get("wc", 1)
            gw = enlarge(match_light(Sg, Tg, skin, sigma=p["wide"]), size)
            gain = gain * (1 - c) + gw * c
        # folds
        if p["fold"]:
            lit = (Sg.astype(np.float32) + 6) * gain - 6
            f = cv2.GaussianBlur(paint(idx, R.folds), (0, 0), fw * 0.03)[..., None] * p["fold"]
            b = fw * p["fsig"]
            bl = lambda a: cv2.GaussianBlur(a, (0, 0), b)
            ratio = np.clip((bl(Tg.astype(np.float32)) + 6) / (bl(lit) + 6), 0.6, 1.6)
            gain = gain * (1 + f * (ratio - 1))
        alpha = np.minimum(paint(idx, R.inside), trust)
        alpha = cv2.GaussianBlur(alpha, (0, 0), fw * p["soft"], borderType=cv2.BORDER_CONSTANT)
        out = np.clip((S.astype(np.float32) + 6) * up(gain) - 6, 0, 255)
        keep = paint(idx, np.maximum(R.mouth, R.eyes if p["eyes"] else 0))
        keep = up(cv2.GaussianBlur(keep, (0, 0), fw * 0.008))[..., None]
        if p["sharp"]:
            lap = lambda a: np.abs(cv2.Laplacian(a, cv2.CV_32F))
            w = up(np.minimum(alpha, paint(idx, R.inside)) > 0.9) if False else (up(alpha) > 0.9)
            g1 = cv2.cvtColor(out, cv2.COLOR_RGB2GRAY)
            b3 = cv2.GaussianBlur(out, (0, 0), 1.0)
            g2 = cv2.cvtColor(b3, cv2.COLOR_RGB2GRAY)
            gt = cv2.cvtColor(T, cv2.COLOR_RGB2GRAY)
            if w.any():
                e1, e2, et = (lap(x)[w].mean() for x in (g1, g2, gt))
                c = np.clip((et * p["sharp"] - e2) / max(e1 - e2, 0.05), 0, 1.5)
                out = np.clip(b3 + c * (out - b3), 0, 255)
        out = out * (1 - keep) + T * keep
        self.dbg = dict(S=S, T=T, out=out, native=native)
        frame.paste(
            box,
            np.rint(out).astype(np.uint8),
            np.rint(255 * face.opacity * np.clip(up(alpha), 0, 1)).astype(np.uint8),
        )
