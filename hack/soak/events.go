// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
)

// eventReader reads server-sent events. It says of each that it arrived, because the server does not send the next one
// before.
type eventReader struct{ *session }

func newEventReader(v *visitor) client { return eventReader{newSession(v, v.dial)} }

// mostEvents bounds the events of a stream.
const mostEvents = 50

func (e eventReader) round() (string, error) {
	count := 1 + e.rnd.IntN(mostEvents)
	c := e.call("GET", stableHost, "", "Accept: text/event-stream")
	stream := "events-" + c.id
	c.target = fmt.Sprintf("/events/%s/%d", stream, count)
	arrived := e.streams.add(stream)
	defer e.streams.remove(stream)
	return "", e.exchange(c, func(w *wire, r *reply) error {
		if err := w.genuine(r, c, 200); err != nil {
			return err
		}
		for i := range count {
			want := event(stream, i)
			got := make([]byte, len(want))
			if _, err := io.ReadFull(r.Body, got); err != nil {
				return fmt.Errorf("reading event %d of %d: %w", i, count, err)
			}
			if string(got) != want {
				return fmt.Errorf("event %d is %q instead of %q", i, got, want)
			}
			arrived <- i
		}
		return e.pattern.verify(r.Body, 0, 0)
	})
}
