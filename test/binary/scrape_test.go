// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// scrape is what /metrics says: a value for each series, "name{label="value",…}".
type scrape map[string]float64

func (c *controller) scrape() (scrape, error) {
	status, text, err := read("http://" + c.metrics + "/metrics")
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("/metrics is %d %q", status, text)
	}
	series := scrape{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		space := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(line[space+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("the line %q has no value: %w", line, err)
		}
		series[line[:space]] = value
	}
	return series, nil
}

// names returns the metrics that have a series.
func (s scrape) names() map[string]bool {
	names := map[string]bool{}
	for series := range s {
		name, _, _ := strings.Cut(series, "{")
		names[name] = true
	}
	return names
}
