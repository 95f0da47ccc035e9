// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// downloader asks for large content.
type downloader struct{ *session }

func newDownloader(v *visitor) client { return downloader{newSession(v, v.dial)} }

const (
	smallestDownload = 64 << 10
	largestDownload  = 16 << 20
)

func (d downloader) round() (string, error) {
	queries := []string{"", "?chunked"}
	_, err := d.fetch(stableHost, queries[d.rnd.IntN(len(queries))], d.spread(smallestDownload, largestDownload))
	return "", err
}

// trailerReader asks for content that ends with trailers.
type trailerReader struct{ *session }

func newTrailerReader(v *visitor) client { return trailerReader{newSession(v, v.dial)} }

// trailerSize bounds content before trailers.
const trailerSize = 128 << 10

func (t trailerReader) round() (string, error) {
	fields := []string{}
	if t.rnd.IntN(2) == 0 {
		fields = append(fields, "TE: trailers", "Connection: TE")
	}
	r, err := t.fetch(stableHost, "?trailer", t.spread(0, trailerSize), fields...)
	if err != nil {
		return "", err
	}
	// It is the seed, which is in the path.
	path := r.Header.Get(pathField)
	if got := r.Trailer.Get(trailerField); got == "" || !strings.HasPrefix(path, "/bytes/"+got+"/") {
		return "", fmt.Errorf("the trailer of %s is %q", path, got)
	}
	return "", nil
}
