#!/usr/bin/env bash
# Makes the samples in src/mithridate/languages/seeds/encoded anew. Needs ffmpeg, x265, flac, openjpeg's and libheif's tools,
# zstd, lz4, and Python's fonttools and brotli (PYTHON names the interpreter that has them). Nothing else needs any of these.
# Encoders of other versions give other bytes; every file stays a valid one of its format.
set -euo pipefail
into=$(realpath "$(dirname "$0")/../src/mithridate/languages/seeds/encoded")
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
encode() { ffmpeg -v error -y "$@"; }
picture() { encode -f lavfi -i "testsrc2=size=$1:rate=5" "${@:2}"; }
tone() { encode -f lavfi -i "sine=frequency=440:duration=$1" -ar 8000 "${@:2}"; }
quiet=info=0:log-level=none

picture 64x48 -frames:v 4 -pix_fmt yuv420p -c:v libx265 -x265-params "$quiet:bframes=2:ref=2:wpp=0:crf=45:amp=1:rect=1" inter.h265
picture 32x32 -frames:v 1 -pix_fmt yuv420p -c:v libx265 \
  -x265-params "$quiet:keyint=1:lossless=1:tskip=1:wpp=1:scaling-list=default" intra.h265
picture 64x64 -frames:v 3 -pix_fmt yuv422p10le -c:v libx265 \
  -x265-params "$quiet:bframes=1:weightp=1:weightb=1:crf=48:slices=2:strong-intra-smoothing=1" deep422.h265
unmarked=(-bsf:v filter_units=remove_types=6)
picture 64x48 -frames:v 4 -pix_fmt yuv420p -c:v libx264 -x264-params crf=45:bframes=1:ref=2 "${unmarked[@]}" inter.h264
picture 32x32 -frames:v 2 -pix_fmt yuv420p -c:v libx264 -profile:v baseline -x264-params crf=48 "${unmarked[@]}" baseline.h264
picture 32x32 -frames:v 2 -c:v libx264 -x264-params crf=48 "${unmarked[@]}" -fflags +bitexact coded.mp4
picture 32x32 -frames:v 3 -c:v libvpx -crf 60 -b:v 1k -fflags +bitexact vp8.webm
picture 32x32 -frames:v 3 -c:v libvpx-vp9 -crf 60 -b:v 0 -fflags +bitexact vp9.webm
picture 32x32 -frames:v 3 -c:v mpeg2video -b:v 10k coded.mpg
picture 32x32 -frames:v 3 -c:v mjpeg -q:v 31 frames.mjpeg
picture 32x32 -frames:v 3 -c:v libtheora -q:v 1 coded.ogv

picture 32x32 -frames:v 1 -c:v libwebp -lossless 0 -q:v 20 lossy.webp
picture 32x32 -frames:v 1 -c:v libwebp -lossless 1 pixels.webp
picture 32x32 -frames:v 3 -c:v libwebp_anim -q:v 10 animated.webp
picture 32x32 -frames:v 1 -pix_fmt rgb24 picture.ppm
encode -i picture.ppm picture.png
opj_compress -i picture.ppm -o picture.jp2 -r 20 >/dev/null
opj_compress -i picture.ppm -o tiled.j2k -t 16,16 -r 10 -n 2 >/dev/null
heif-enc -q 10 picture.png -o coded.heic >/dev/null

tone 0.05 tone.wav
flac -s -f --no-padding --no-seektable tone.wav -o tone.flac
tone 0.1 -c:a libopus -b:a 6k -fflags +bitexact tone.opus
tone 0.1 -c:a libvorbis -q:a 0 -fflags +bitexact tone.ogg
tone 0.2 -c:a libmp3lame -b:a 8k -id3v2_version 0 -write_xing 0 tone.mp3
tone 0.2 -c:a aac -b:a 8k tone.aac

printf 'aaaaaaaaaabbbbbbbbbbhello hello hello world\n%.0s' 1 2 3 4 >text
zstd -q -19 text -o text.zst
lz4 -q -9 text text.lz4
PYTHONPATH=$into/../../../.. "$python" - <<'PYTHON'
from pathlib import Path

import brotli
from fontTools.ttLib import TTFont

from mithridate.languages.seeds import fonts

Path("text.br").write_bytes(brotli.compress(Path("text").read_bytes()))
Path("triangle.ttf").write_bytes(fonts.samples()["triangle.ttf"])
font = TTFont("triangle.ttf")
font.flavor = "woff2"
font.save("glyphs.woff2")
PYTHON

rm -f text picture.ppm picture.png tone.wav triangle.ttf
mkdir -p "$into"
rm -f "$into"/*
cp -- * "$into/"
