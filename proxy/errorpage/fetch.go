// SPDX-License-Identifier: Apache-2.0

package errorpage

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/content"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/subrequest"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// Fetcher gets pages.
type Fetcher struct {
	// Memory is what all pages may take together while they are got and sent. Those of the services of one namespace may
	// take as much of it as is free then, so that there is always something left for others.
	Memory buffer.Memory
	// Within bounds the time that a client waits for a page. Without pages, it would have its response by then.
	Within  time.Duration
	clock   transport.Clock
	buffers *buffer.Pool
	logger  logr.Logger
}

// within is the usual bound.
const within = 5 * time.Second

// Init makes f ready, before any other use.
func (f *Fetcher) Init(clock transport.Clock, buffers *buffer.Pool, logger logr.Logger) {
	f.Within, f.clock, f.buffers, f.logger = within, clock, buffers, logger
}

// Fetch is a request for a page.
type Fetch struct {
	fetcher *Fetcher
	page    *Page
	request subrequest.Request
	answer  Answer
	became  observe.Paging
	// within is as in [Cause].
	within time.Duration
}

const (
	// most bounds the content of a page, in bytes.
	most = 1 << 20
	// held is what a request for a page takes of the memory besides the content: its head, that of the answer, and the
	// buffers of its connection.
	held = 32 << 10
	// endpoints is how many are asked at most, so that one which is gone takes no page away, and a service that is broken
	// is not asked more because of that.
	endpoints = 2
)

// New returns a request for a page. It views the cause.
func (f *Fetcher) New(p *Page, c *Cause) *Fetch {
	fetch := &Fetch{fetcher: f, page: p, within: c.Within, answer: Answer{Service: p.Pool.Service, Handles: p.Handles}}
	r := &fetch.request
	r.Head, r.Read, r.Host, r.Shard, r.Clock = p.head(c), fetch.read, c.Host, c.Shard, f.clock
	r.Connect, r.Limited, r.LogsIn = p.connect, p.maxConnections > 0, c.LogsIn && p.Handles
	return fetch
}

// End ends the request, wherever it is. Any goroutine may call it.
func (f *Fetch) End() { f.request.End() }

// Get waits for the page. It returns nil if there is none.
func (f *Fetch) Get() *Answer {
	f.became = observe.PageFailed
	f.get()
	f.page.Series.CountPaged(f.became)
	if f.became == observe.PageServed {
		return &f.answer
	}
	if f.answer.content != nil {
		f.answer.Free()
	}
	return nil
}

func (f *Fetch) get() {
	defer func() {
		if p := recover(); p != nil {
			f.fetcher.logger.Error(fmt.Errorf("%v", p), "panic while getting an error page", "stack", string(debug.Stack()))
			f.became = observe.PageFailed
		}
	}()
	memory := f.fetcher.Memory.Share(f.page.Pool.PageMemory)
	if f.answer.content = content.NewWhole(memory, f.fetcher.buffers, held); f.answer.content == nil {
		f.became = observe.PageBusy
		return
	}
	longest := f.fetcher.Within
	for _, d := range [...]time.Duration{f.page.request, f.within} {
		if d > 0 {
			longest = min(longest, d)
		}
	}
	f.request.Within(longest)
	defer f.request.Stop()
	tried := make([]*balance.Target, 0, endpoints)
	for range endpoints {
		hold, full := f.page.Pool.Take(snapshot.RoundRobin, balance.Choice{Tried: tried, Limit: int64(f.page.maxConnections)})
		switch {
		case hold.Target != nil:
		case len(tried) > 0:
			return
		case full:
			f.became = observe.PageBusy
			return
		default:
			f.became = observe.PageUnavailable
			return
		}
		tried = append(tried, hold.Target)
		if f.sendTo(&hold) {
			return
		}
	}
}

func (f *Fetch) sendTo(hold *balance.Hold) (answered bool) {
	defer hold.Release()
	return f.request.SendTo(&hold.Target.Endpoint)
}

// read reads what an endpoint answered.
func (f *Fetch) read(up upstream.Exchange) (whole bool) {
	resp := up.Response()
	if !f.page.Handles && resp.Status != 200 {
		f.became = observe.PageRefused
		return subrequest.Drain(up, f.fetcher.buffers)
	}
	a := &f.answer
	a.Status, a.NoContent, a.ContentLength = resp.Status, resp.NoContent, resp.ContentLength
	a.Fields = appendCopies(nil, resp.Fields, func(field *message.Field) bool { return f.page.Handles || describes(field) })
	up.ReleaseHead()
	if !a.NoContent && a.ContentLength > most {
		f.became = observe.PageTooLong
		return false
	}
	switch err := a.content.Gather(up.Content(), most); {
	case errors.Is(err, content.ErrLong):
		f.became = observe.PageTooLong
		return false
	case errors.Is(err, content.ErrCrowded):
		f.became = observe.PageBusy
		return false
	case err != nil:
		return false
	}
	if !a.NoContent {
		a.ContentLength = int64(a.content.Len())
	}
	f.became = observe.PageServed
	return true
}
