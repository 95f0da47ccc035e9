// SPDX-License-Identifier: Apache-2.0

package authservice

import (
	"encoding/binary"
	"errors"
	"io"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/warren-dev/ingress/proxy/authservice/wire"
	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// The numbers of the fields of what a service of gRPC answers.
const (
	checkResponseStatus = 1
	checkResponseDenied = 2
	checkResponseOK     = 3

	statusCode = 1

	deniedStatus  = 1
	deniedHeaders = 2
	deniedBody    = 3

	okHeaders         = 2
	okRemove          = 5
	okResponseHeaders = 6
	okSetQuery        = 7
	okRemoveQuery     = 8

	optionHeader = 1
	optionAppend = 2
	optionAction = 3

	headerKey   = 1
	headerValue = 2
	headerRaw   = 3

	boolValue = 1
)

// The actions of HeaderAppendAction (envoy/config/core/v3/base.proto) besides the usual one.
const (
	actionAddIfAbsent     = 1
	actionOverwriteAlways = 2
	actionOverwrite       = 3
)

// readCall reads what a service of gRPC answered.
func (a *ask) readCall(up upstream.Exchange) (whole bool) {
	resp := up.Response()
	if resp.Status != 200 || !message.IsGRPC(resp.Fields) {
		a.answer = answer{why: "its answer is not of gRPC, but of HTTP with status " + strconv.Itoa(resp.Status)}
		return a.drain(up.Content())
	}
	buffers := a.service.client.buffers
	buf := buffers.Get(buffer.Large)
	defer buffers.Put(buf)
	n, content := 0, up.Content()
	for !content.Ended() {
		if n == len(buf) {
			a.answer = answer{why: "its answer is too long"}
			return false
		}
		m, err := content.Read(buf[n:])
		if n += m; err != nil && err != io.EOF {
			a.answer = answer{why: "its answer broke off"}
			return false
		}
	}
	ending := content.Trailers()
	if n == 0 && len(ending) == 0 {
		ending = resp.Fields // the answer is its trailers alone
	}
	a.answer = readCheck(buf[:n], ending)
	return true
}

// readCheck reads the answer to a call. ending has the fields with the status of the call.
func readCheck(content []byte, ending []message.Field) answer {
	value, _ := message.First(ending, "grpc-status")
	code, ok := message.ParseLength(value)
	switch {
	case !ok:
		return answer{why: "its answer has no grpc-status"}
	case code != 0:
		return answer{why: "the call failed with status " + strconv.FormatInt(code, 10)}
	case len(content) < grpcPrefix || uint64(binary.BigEndian.Uint32(content[1:])) != uint64(len(content)-grpcPrefix):
		return answer{why: "its answer is not one whole message"}
	case content[0] != 0:
		return answer{why: "its answer is compressed, which nobody asked for"}
	}
	read, err := readCheckResponse(content[grpcPrefix:])
	if err != nil {
		return answer{why: "its answer cannot be followed: " + err.Error()}
	}
	return read
}

// readCheckResponse reads a CheckResponse. What it returns views nothing of it.
func readCheckResponse(b []byte) (answer, error) {
	made := answer{verdict: &nothing, fresh: forEver}
	var code uint64
	var denied, ok []byte
	err := wire.EachField(b, func(field protowire.Number, _ uint64, value []byte) error {
		switch field {
		case checkResponseStatus:
			return wire.EachField(value, func(field protowire.Number, number uint64, _ []byte) error {
				if field == statusCode {
					code = number
				}
				return nil
			})
		case checkResponseDenied:
			denied, ok = value, nil // of the two, the last one counts
		case checkResponseOK:
			denied, ok = nil, value
		}
		return nil
	})
	switch {
	case err != nil:
		return made, err
	case code != 0:
		made.status = 403
		return made, made.readDenied(denied)
	case denied != nil:
		return made, errors.New("it denies the request with a status that says OK")
	}
	made.passes = true
	return made, made.readOK(ok)
}

// readDenied reads a DeniedHttpResponse. There may be none.
func (a *answer) readDenied(b []byte) error {
	var headers []change
	err := wire.EachField(b, func(field protowire.Number, _ uint64, value []byte) error {
		switch field {
		case deniedStatus:
			return wire.EachField(value, func(field protowire.Number, number uint64, _ []byte) error {
				if field == statusCode && 200 <= number && number < 600 {
					a.status = int(number)
				}
				return nil
			})
		case deniedHeaders:
			var err error
			headers, err = appendOption(headers, value)
			return err
		case deniedBody:
			a.content = string(value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if a.content != "" {
		a.mediaType = plainText
	}
	for i := range headers {
		switch c := &headers[i]; {
		case c.lower == "content-type":
			if a.content != "" {
				a.mediaType = c.field.Value
			}
		case !describesContent(c.field.Name):
			a.fields = applyAll(headers[i:i+1], a.fields, message.DropNamed)
		}
	}
	return nil
}

var plainText = []byte("text/plain; charset=utf-8")

// readOK reads an OkHttpResponse. There may be none.
func (a *answer) readOK(b []byte) error {
	var d verdict
	var given []change
	err := wire.EachField(b, func(field protowire.Number, _ uint64, value []byte) (err error) {
		switch field {
		case okHeaders:
			d.changes, err = appendOption(d.changes, value)
		case okRemove:
			if name := message.LowerName(string(value)); isChangeable([]byte(name)) {
				d.removed = append(d.removed, name)
			}
		case okResponseHeaders:
			given, err = appendOption(given, value)
		case okSetQuery, okRemoveQuery:
			err = errors.New("it changes the query, which nobody does here")
		}
		return err
	})
	if err != nil {
		return err
	}
	if given != nil {
		d.given, a.fresh = &gift{given}, 0
	}
	if d.changes != nil || d.removed != nil || given != nil {
		a.verdict = &d
	}
	return nil
}

// appendOption reads a HeaderValueOption. It leaves out what nobody can put into a message that is passed on.
func appendOption(to []change, b []byte) ([]change, error) {
	var name, value, raw []byte
	var action, appends uint64
	said := false
	err := wire.EachField(b, func(field protowire.Number, number uint64, inner []byte) error {
		switch field {
		case optionHeader:
			return wire.EachField(inner, func(field protowire.Number, _ uint64, text []byte) error {
				switch field {
				case headerKey:
					name = text
				case headerValue:
					value = text
				case headerRaw:
					raw = text
				}
				return nil
			})
		case optionAppend:
			said = true
			return wire.EachField(inner, func(field protowire.Number, number uint64, _ []byte) error {
				if field == boolValue {
					appends = number
				}
				return nil
			})
		case optionAction:
			action = number
		}
		return nil
	})
	if err != nil {
		return to, err
	}
	if len(value) == 0 {
		value = raw
	}
	value = message.TrimSpace(value)
	switch {
	case !message.IsToken(name) && (len(name) == 0 || name[0] != ':'):
		return to, errors.New("it has a field whose name is none")
	case !message.IsValue(value):
		return to, errors.New("it has a field whose value would end that")
	case !isChangeable(name):
		return to, nil
	}
	c := change{lower: message.LowerName(string(name))}
	c.field = message.Field{Name: []byte(c.lower), Value: append([]byte{}, value...), Kind: message.KindOf(name)}
	switch {
	case appends != 0:
		c.how = add
	case said, action == 0, action == actionOverwriteAlways: // to override is what Envoy's filter does if nothing is said
		c.how = put
	case action == actionAddIfAbsent:
		c.how = addIfAbsent
	case action == actionOverwrite:
		c.how = putIfPresent
	default:
		return to, errors.New("it does something unknown with a field")
	}
	return append(to, c), nil
}

// isChangeable says whether a service may change a field: it is passed on, and frames or routes nothing.
func isChangeable(name []byte) bool {
	kind := message.KindOf(name)
	return kind.EndToEnd() && kind != message.Trailer && kind != message.CDNLoop && len(name) > 0 && name[0] != ':'
}
