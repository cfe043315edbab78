package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/nsqio/go-nsq"
)

// channel is the one channel of every scenario's topic.
const channel = "go"

// patience is how long any single wait may take before the scenario fails.
const patience = 30 * time.Second

// inbox is a consumer whose messages wait, unanswered, for the scenario to take them.
type inbox struct {
	consumer *nsq.Consumer
	messages chan *nsq.Message
}

// newInbox subscribes at an nsqd. msgTimeout 0 leaves the server's default.
func newInbox(address, topic, channel string, msgTimeout time.Duration) (*inbox, error) {
	in, err := newIdleInbox(topic, channel, msgTimeout)
	if err != nil {
		return nil, err
	}
	return in, in.consumer.ConnectToNSQD(address)
}

// newFindingInbox subscribes at every nsqd that the nsqlookupd lists.
func newFindingInbox(lookupd, topic, channel string) (*inbox, error) {
	in, err := newIdleInbox(topic, channel, 0)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(lookupd, "https://") {
		// It takes the same authority and certificate as the nsqds.
		transport := &http.Transport{TLSClientConfig: newConfig().TlsConfig}
		in.consumer.SetLookupdHttpClient(&http.Client{Transport: transport, Timeout: patience})
	}
	return in, in.consumer.ConnectToNSQLookupd(lookupd)
}

func newIdleInbox(topic, channel string, msgTimeout time.Duration) (*inbox, error) {
	config := newConfig()
	config.MaxInFlight = 100
	config.MaxAttempts = 0 // deliver however often it was tried
	config.MsgTimeout = msgTimeout
	config.LookupdPollInterval = 100 * time.Millisecond // also the pause before a reconnect
	consumer, err := nsq.NewConsumer(topic, channel, config)
	if err != nil {
		return nil, err
	}
	in := &inbox{consumer, make(chan *nsq.Message, 1000)}
	consumer.AddHandler(nsq.HandlerFunc(func(m *nsq.Message) error {
		m.DisableAutoResponse()
		in.messages <- m
		return nil
	}))
	return in, nil
}

// next waits for a message.
func (in *inbox) next() (*nsq.Message, error) {
	select {
	case m := <-in.messages:
		return m, nil
	case <-time.After(patience):
		return nil, fmt.Errorf("no message within %v", patience)
	}
}

// expect waits for a message and compares its body and attempts.
func (in *inbox) expect(body string, attempts uint16) (*nsq.Message, error) {
	m, err := in.next()
	if err != nil {
		return nil, fmt.Errorf("%q, attempt %d: %w", body, attempts, err)
	}
	if string(m.Body) != body || m.Attempts != attempts {
		return nil, fmt.Errorf("got %q, attempt %d; expected %q, attempt %d", m.Body, m.Attempts, body, attempts)
	}
	return m, nil
}

// drain finishes messages until every body of `expected` has come exactly once. Each was due at the
// time given with it; zero is at once.
func (in *inbox) drain(expected map[string]time.Time) error {
	seen := map[string]bool{}
	for len(seen) < len(expected) {
		m, err := in.next()
		if err != nil {
			return fmt.Errorf("%d of %d messages came: %w", len(seen), len(expected), err)
		}
		body := string(m.Body)
		due, known := expected[body]
		switch {
		case !known:
			return fmt.Errorf("a body nobody published: %.60q", body)
		case seen[body]:
			return fmt.Errorf("a message came twice: %.60q", body)
		case m.Attempts != 1:
			return fmt.Errorf("attempts %d on the first delivery of %.60q", m.Attempts, body)
		case time.Now().Before(due):
			return fmt.Errorf("%v too early: %.60q", time.Until(due), body)
		}
		seen[body] = true
		m.Finish()
	}
	return nil
}

func (in *inbox) close() {
	in.consumer.Stop()
	<-in.consumer.StopChan
}

func readBodies(address, topic, channel string, count int) error {
	in, err := newInbox(address, topic, channel, 0)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	for i := 0; i < count; i++ {
		m, err := in.next()
		if err != nil {
			return err
		}
		out.Write(m.Body)
		out.WriteByte('\n')
		m.Finish()
	}
	in.close()
	return out.Flush()
}
