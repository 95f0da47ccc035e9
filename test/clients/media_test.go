// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// makeMedia makes a film whose index is at its end, so that a reader has to seek, and one in segments.
func (s *scene) makeMedia(t *testing.T) {
	t.Helper()
	folder := filepath.Join(s.folder, "files")
	if err := os.MkdirAll(filepath.Join(folder, "hls"), 0o755); err != nil {
		t.Fatal(err)
	}
	const source = "ffmpeg -v error -y -f lavfi -i testsrc=d=4:s=320x240:r=10 -g 10 -c:v "
	said := steps(t, folder, nil, source+"mpeg4 film.mp4", source+"mpeg2video -f hls -hls_time 1 -hls_list_size 0 hls/index.m3u8")
	if said != "done" {
		t.Fatal(said)
	}
}

func ffmpegCases(s *scene) (all []scenario) {
	const (
		reads  = "ffmpeg -v error TRUST "
		writes = "ffmpeg -v error -f lavfi -i testsrc=d=4:s=320x240:r=10 -c:v mpeg4 -f mpegts TRUST "
	)
	for _, with := range overHTTP1 {
		trust := ""
		if with == tls {
			trust = "-tls_verify 1 -ca_file " + s.certificate
		}
		for _, c := range []struct {
			name, step, want string
			against          []string
		}{
			{"ffprobe of a film with its index at the end", "ffprobe -v error TRUST BASE/files/film.mp4", "^done$", alone},
			{"ffmpeg that seeks", reads + "-ss 3 -i BASE/files/film.mp4 -f null -", "^done$", alone},
			{"ffmpeg that reads segments", reads + "-i BASE/files/hls/index.m3u8 -f null -", "^done$", alone},
			{"ffmpeg that writes", writes + "BASE/upload", "^done$", alone},
			{"ffmpeg that writes with PUT", writes + "-method PUT BASE/upload", "^done$", alone},
			{"ffmpeg that writes and is denied", writes + "BASE/denied/upload", "^error: .*(403|Forbidden).*$", peers},
			{"ffmpeg that reads and is denied", reads + "-i BASE/denied/film.mp4 -f null -", "^error: .*403.*$", peers},
		} {
			all = append(all, over(with, c.name, c.want, c.against, func(t *testing.T, f *front) string {
				t.Helper()
				step := strings.NewReplacer("TRUST", trust, "BASE", f.base(with)).Replace(c.step)
				return steps(t, t.TempDir(), []string{"LC_ALL=C", "SSL_CERT_FILE=" + s.certificate}, step)
			}))
		}
	}
	return all
}
