// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReportOfALoadOverStreamsIsRead(t *testing.T) {
	const report = "starting benchmark...\nApplication protocol: h2\n\nfinished in 142.08ms, 14076.28 req/s, 3.65MB/s\n" +
		"requests: 2000 total, 2000 started, 2000 done, 1999 succeeded, 1 failed, 0 errored, 0 timeout\n" +
		"status codes: 1999 2xx, 0 3xx, 0 4xx, 1 5xx\n"
	got, err := parseStreams(report)
	if err != nil || got.perSecond != 14076.28 || got.succeeded != 1999 || got.said != "status codes: 1999 2xx, 0 3xx, 0 4xx, 1 5xx" {
		t.Errorf("got %+v (%v)", got, err)
	}
	for _, other := range []string{"", "Application protocol: http/1.1\n" + report[len("starting benchmark...\nApplication protocol: h2\n"):]} {
		if got, err := parseStreams(other); err == nil {
			t.Errorf("%q was taken for %+v", other, got)
		}
	}
}

func TestLatenciesOfALoadOverStreamsAreRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, []byte("1764082800000001\t200\t350\n1764082800000002\t200\t1200\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := streamLatencies(file)
	if diff := cmp.Diff(latencies{350 * time.Microsecond, 1200 * time.Microsecond}, got); diff != "" || err != nil {
		t.Errorf("latencies (%v, -want +got):\n%s", err, diff)
	}
}
