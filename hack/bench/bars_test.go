// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// The picture is well-formed, names all that takes part, and has a bar as long as each ratio says.
func TestBarsShowRatios(t *testing.T) {
	cost := func(proxy string, cpu time.Duration) cell {
		return cell{proxy: proxy, results: []loadResult{{Answered: 1, Elapsed: time.Second, CPU: cpu}}}
	}
	drawn := &table{
		session: &session{options: &options{}, proxies: []proxy{&warren{called: "<one>"}, &warren{called: "two"}}},
		rows: []*measuredRow{
			{row: &row{title: "GET & answer"}, cells: []cell{cost("<one>", 10), cost("two", 5)}},
			{row: &row{title: "idle", mode: loadIdle}, cells: []cell{cost("<one>", 10), cost("two", 5)}},
			{row: &row{title: "no reference"}, cells: []cell{{proxy: "<one>"}, cost("two", 5)}},
		},
	}
	var picture strings.Builder
	if err := drawn.writeBars(&picture); err != nil {
		t.Fatal(err)
	}
	for decoder := xml.NewDecoder(strings.NewReader(picture.String())); ; {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, picture.String())
		}
	}
	for _, want := range []string{"&lt;one&gt; = 1", "GET &amp; answer", ">two<", `width="150"`, ">×0.50<"} {
		if !strings.Contains(picture.String(), want) {
			t.Errorf("no %s in\n%s", want, picture.String())
		}
	}
	for _, absent := range []string{"idle", "no reference"} {
		if strings.Contains(picture.String(), absent) {
			t.Errorf("%q is drawn", absent)
		}
	}
}
