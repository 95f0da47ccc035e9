// SPDX-License-Identifier: Apache-2.0

package dashboard

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/warren-dev/ingress/dashboard/live"
)

const (
	// shownUsual is how many requests a second are shown unless the query says otherwise.
	shownUsual = 100
	// gather is how long requests are gathered before they are sent together, and tell how often the counts are told.
	gather = 200 * time.Millisecond
	tell   = time.Second
)

// followRequests sends requests as they end, those that meet the query's filter. Each is an event with an object of
// JSON, which has the fields of the access log. An event "counts" says every second how many there were.
func (d *Dashboard) followRequests(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	text := query.Get("most")
	query.Del("most")
	filter, err := d.Requests.ParseFilter(query)
	if err != nil {
		refuse(w, http.StatusBadRequest, "%v", err)
		return
	}
	most := shownUsual
	if text != "" {
		if most, err = strconv.Atoi(text); err != nil || most < 1 || most > live.MostASecond {
			refuse(w, http.StatusBadRequest, "most is %q: write how many requests to show in a second, from 1 to %d", text, live.MostASecond)
			return
		}
	}
	stream, err := d.Requests.Follow(filter, most)
	if errors.Is(err, live.ErrTooMany) {
		w.Header().Set("Retry-After", "10")
		refuse(w, http.StatusServiceUnavailable, "%v", err)
		return
	}
	defer stream.Close()
	out := begin(w)
	send, told := time.NewTicker(gather), time.Time{}
	defer send.Stop()
	for {
		if now := time.Now(); now.Sub(told) >= tell {
			told = now
			text, err := encode(stream.Counts(), "")
			if err != nil {
				return
			}
			out.add("counts", text)
		}
		if !out.send() {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-send.C:
		}
		for waiting := true; waiting; {
			select {
			case line := <-stream.Lines():
				out.add("", line)
			default:
				waiting = false
			}
		}
	}
}
