// SPDX-License-Identifier: Apache-2.0

package health

import (
	"encoding/binary"
	"io"
	"strconv"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// healthMethod is the unary method of gRPC's health protocol
// (https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
const healthMethod = "grpc.health.v1.Health/Check"

const (
	// grpcPrefix is the length of what each message begins with: one byte that says whether it is compressed, and four for
	// its length (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
	grpcPrefix = 5
	// healthAnswer bounds an answer, which is 7 bytes long.
	healthAnswer = 256
	// fieldService is how field 1 of a HealthCheckRequest begins, a string. fieldStatus is how field 1 of a
	// HealthCheckResponse begins, a number (https://protobuf.dev/programming-guides/encoding).
	fieldService = 1<<3 | 2
	fieldStatus  = 1 << 3
)

var (
	healthPath   = []byte("/" + healthMethod)
	healthVerb   = []byte("POST")
	healthFields = []message.Field{
		{Name: []byte("Content-Type"), Value: []byte("application/grpc")},
		{Name: []byte("User-Agent"), Value: []byte("warren-ingress health check")},
	}
)

// healthQuestion names, for people, what a task is asked.
func healthQuestion(service string) string {
	if service == "" {
		return healthMethod
	}
	return healthMethod + " of " + service
}

// askHealth asks whether a check's service is served.
func askHealth(up upstream.Exchange, c *snapshot.Check) (Finding, error) {
	up.WriteHead(&message.Request{
		Version: message.HTTP11, Method: healthVerb, Authority: authority(c), Path: healthPath, Fields: healthFields,
		ContentLength: message.UnknownLength, AcceptsTrailers: true,
	})
	if err := message.Write(up.Request(), healthRequest(c.Service)); err != nil {
		return Finding{}, err
	}
	if err := up.Request().End(nil); err != nil {
		return Finding{}, err
	}
	if err := upstream.ReadFinal(up, healthVerb); err != nil {
		return Finding{}, err
	}
	if resp := up.Response(); resp.Status != 200 || !message.IsGRPC(resp.Fields) {
		return Finding{Class: BadAnswer, Text: "the answer is not of gRPC, but of HTTP with status " + strconv.Itoa(resp.Status)}, nil
	}
	var buf [healthAnswer]byte
	answer, whole, err := readShort(up.Content(), buf[:])
	switch {
	case err != nil:
		return Finding{}, err
	case !whole:
		return Finding{Class: BadAnswer, Text: "the answer is too long"}, nil
	}
	ending := up.Content().Trailers()
	if len(answer) == 0 && len(ending) == 0 {
		ending = up.Response().Fields // the answer is its trailers alone
	}
	return healthFinding(answer, ending), nil
}

// healthRequest returns a message that asks about a service.
func healthRequest(service string) []byte {
	b := make([]byte, grpcPrefix)
	if service != "" {
		b = append(b, fieldService)
		b = binary.AppendUvarint(b, uint64(len(service)))
		b = append(b, service...)
	}
	binary.BigEndian.PutUint32(b[1:], uint32(len(b)-grpcPrefix))
	return b
}

// readShort reads content that fits in buf. whole is false if it does not.
func readShort(content message.Reader, buf []byte) (read []byte, whole bool, err error) {
	n := 0
	for !content.Ended() {
		if n == len(buf) {
			return buf, false, nil
		}
		m, err := content.Read(buf[n:])
		n += m
		if err != nil && err != io.EOF {
			return nil, false, err
		}
	}
	return buf[:n], true, nil
}

// healthFinding returns what an answer says. ending has the fields with the status of the call. It leaves out what else
// the task may say of a failure: the words may differ each time.
func healthFinding(answer []byte, ending []message.Field) Finding {
	value, _ := message.First(ending, "grpc-status")
	code, ok := message.ParseLength(value)
	switch {
	case !ok:
		return Finding{Class: BadAnswer, Text: "the answer has no grpc-status"}
	case code != 0:
		return answered(false, callFailure(code))
	case len(answer) < grpcPrefix || uint64(binary.BigEndian.Uint32(answer[1:])) != uint64(len(answer)-grpcPrefix):
		return Finding{Class: BadAnswer, Text: "the answer is not one whole message"}
	case answer[0] != 0:
		return Finding{Class: BadAnswer, Text: "the answer is compressed, which nobody asked for"}
	}
	status := servingStatus(answer[grpcPrefix:])
	return answered(status == serving, servingName(status))
}

// serving is the only status of a service that may be called.
const serving = 1

// servingStatus returns the status in a HealthCheckResponse. A message without one means 0. Fields are written in the
// order of their numbers, so it need not understand what a later version may have behind this one.
func servingStatus(response []byte) (status uint64) {
	if len(response) > 0 && response[0] == fieldStatus {
		status, _ = binary.Uvarint(response[1:])
	}
	return status
}

func servingName(status uint64) string {
	names := [...]string{"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"}
	if status < uint64(len(names)) {
		return names[status]
	}
	return "health status " + strconv.FormatUint(status, 10)
}

// callFailure describes a failed call for health by its status.
func callFailure(code int64) string {
	text := "status " + strconv.FormatInt(code, 10)
	if code < int64(len(callCodes)) {
		text += " " + callCodes[code]
	}
	switch code {
	case codeNotFound:
		text += ": the server knows no such service"
	case codeUnimplemented:
		text += ": the server has no health service"
	}
	return text
}

const (
	codeNotFound      = 5
	codeUnimplemented = 12
)

// callCodes are the names of gRPC's statuses (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md).
var callCodes = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
	"UNAUTHENTICATED",
}
