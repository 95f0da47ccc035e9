// SPDX-License-Identifier: Apache-2.0

package heads

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
)

func TestHeadsAllocateNothing(t *testing.T) {
	request, response := []byte(typicalRequest), []byte(typicalResponse)
	req, resp, buf := parsedRequest(t), parsedResponse(t), make([]byte, 0, len(typicalRequest))
	for name, step := range map[string]func() error{
		"reading a request": func() error {
			n, err := RequestEnd(request, 0, testLimits)
			if err != nil {
				return err
			}
			_, err = ParseRequest(req, request[:n], testLimits)
			return err
		},
		"reading a response": func() error {
			n, err := ResponseEnd(response, 0, testLimits)
			if err != nil {
				return err
			}
			_, _, _, err = ParseResponse(resp, response[:n], []byte("GET"), testLimits)
			return err
		},
		"writing a request":  func() error { buf = AppendRequest(buf[:0], req); return nil },
		"writing a response": func() error { buf = AppendResponse(buf[:0], resp, message.HTTP11, false); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			if got := testing.AllocsPerRun(200, func() {
				if err := step(); err != nil {
					t.Fatal(err)
				}
			}); got != 0 {
				t.Errorf("%v allocations", got)
			}
		})
	}
}
