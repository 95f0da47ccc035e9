// SPDX-License-Identifier: Apache-2.0

package content

import (
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

func TestCauseOfContentThatBreaksOff(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		err  error
		want reason.Reason
	}{
		{"malformed", &message.Error{Status: 400}, reason.MalformedRequest},
		{"trailers that are too long", fmt.Errorf("trailers: %w", &message.Error{Status: 431}), reason.HeadTooLarge},
		{"silent", fmt.Errorf("read: %w", os.ErrDeadlineExceeded), reason.RequestTimeout},
		{"gone", io.ErrUnexpectedEOF, reason.ClientClosed},
	} {
		if got := Cause(test.err); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
