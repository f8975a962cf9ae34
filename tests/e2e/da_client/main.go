// A client of 0G DA as somebody writes it who has nothing but the published names and numbers of its messages: no stubs.
//
// usage: da_client disperse TARGET FILE | status TARGET ID | retrieve TARGET ROOT EPOCH QUORUM |
//
//	retriever TARGET ROOT EPOCH QUORUM | encode TARGET FILE | signer TARGET |
//	rows TARGET ROOT EPOCH QUORUM ROW | sign TARGET ROOT EPOCH QUORUM COMMITMENT
//
// Prints one JSON object: the reply's fields, bytes as hex, or "code" and "message" of the gRPC status that came instead.
package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	timeout      = 60 * time.Second
	messageLimit = 1 << 30
)

// raw passes messages through as bytes.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (raw) Name() string { return "proto" }

func bytesField(to []byte, number protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, number, protowire.BytesType), value)
}

func numberField(to []byte, number protowire.Number, value uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(to, number, protowire.VarintType), value)
}

// fields reads a message: the last value of each field, and how often each was there.
func fields(message []byte) (map[protowire.Number][]byte, map[protowire.Number]uint64, map[protowire.Number]int) {
	texts, numbers, counts := map[protowire.Number][]byte{}, map[protowire.Number]uint64{}, map[protowire.Number]int{}
	for len(message) > 0 {
		number, kind, size := protowire.ConsumeTag(message)
		check(protowire.ParseError(min(size, 0)))
		message = message[size:]
		counts[number]++
		switch kind {
		case protowire.BytesType:
			value, size := protowire.ConsumeBytes(message)
			check(protowire.ParseError(min(size, 0)))
			texts[number], message = value, message[size:]
		case protowire.VarintType:
			value, size := protowire.ConsumeVarint(message)
			check(protowire.ParseError(min(size, 0)))
			numbers[number], message = value, message[size:]
		default:
			check(fmt.Errorf("field %d of kind %d", number, kind))
		}
	}
	return texts, numbers, counts
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func say(answer map[string]any) {
	check(json.NewEncoder(os.Stdout).Encode(answer))
	os.Exit(0)
}

func call(target, method string, request []byte) []byte {
	sizes := grpc.WithDefaultCallOptions(
		grpc.ForceCodec(raw{}), grpc.MaxCallRecvMsgSize(messageLimit), grpc.MaxCallSendMsgSize(messageLimit))
	connection, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()), sizes)
	check(err)
	defer connection.Close()
	within, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var reply []byte
	if err := connection.Invoke(within, method, &request, &reply); err != nil {
		told, _ := status.FromError(err)
		say(map[string]any{"code": int(told.Code()), "message": told.Message()})
	}
	return reply
}

func record(arguments []string) []byte {
	root, err := hex.DecodeString(arguments[0])
	check(err)
	epoch, err := strconv.ParseUint(arguments[1], 10, 64)
	check(err)
	quorum, err := strconv.ParseUint(arguments[2], 10, 64)
	check(err)
	return numberField(numberField(bytesField(nil, 1, root), 2, epoch), 3, quorum)
}

// named is a request to a signer: the blob in its order of fields, without what is asked of it.
func named(arguments []string, rootField protowire.Number) []byte {
	_, numbers, _ := fields(record(arguments))
	root, err := hex.DecodeString(arguments[0])
	check(err)
	return bytesField(numberField(numberField(nil, 1, numbers[2]), 2, numbers[3]), rootField, root)
}

func main() {
	if len(os.Args) < 3 {
		check(fmt.Errorf("usage: da_client COMMAND TARGET ARGUMENT..."))
	}
	command, target, rest := os.Args[1], os.Args[2], os.Args[3:]
	switch command {
	case "disperse":
		data, err := os.ReadFile(rest[0])
		check(err)
		texts, numbers, _ := fields(call(target, "/disperser.Disperser/DisperseBlob", bytesField(nil, 1, data)))
		say(map[string]any{"result": numbers[1], "request_id": string(texts[2])})
	case "status":
		texts, numbers, _ := fields(call(target, "/disperser.Disperser/GetBlobStatus", bytesField(nil, 1, []byte(rest[0]))))
		info, _, _ := fields(texts[2])
		header, place, _ := fields(info[1])
		say(map[string]any{
			"status": numbers[1], "storage_root": hex.EncodeToString(header[1]), "epoch": place[2], "quorum_id": place[3],
		})
	case "retrieve":
		texts, _, _ := fields(call(target, "/disperser.Disperser/RetrieveBlob", record(rest)))
		say(map[string]any{"data": hex.EncodeToString(texts[1])})
	case "retriever":
		texts, _, _ := fields(call(target, "/retriever.Retriever/RetrieveBlob", record(rest)))
		say(map[string]any{"data": hex.EncodeToString(texts[1])})
	case "encode":
		data, err := os.ReadFile(rest[0])
		check(err)
		texts, numbers, counts := fields(call(target, "/encoder.Encoder/EncodeBlob", bytesField(nil, 1, data)))
		say(map[string]any{
			"version": numbers[1], "erasure_commitment": hex.EncodeToString(texts[2]),
			"storage_root": hex.EncodeToString(texts[3]), "encoded_data": len(texts[4]), "slices": counts[5],
		})
	case "signer":
		texts, numbers, _ := fields(call(target, "/signer.Signer/GetStatus", nil))
		say(map[string]any{"status_code": numbers[1], "entrance_contract": string(texts[2])})
	case "rows":
		row, err := strconv.ParseUint(rest[3], 10, 32)
		check(err)
		one := bytesField(named(rest, 3), 4, protowire.AppendVarint(nil, row))
		texts, _, counts := fields(call(target, "/signer.Signer/BatchRetrieve", bytesField(nil, 1, one)))
		rows, _, _ := fields(texts[1])
		say(map[string]any{"answers": counts[1], "row": hex.EncodeToString(rows[1])})
	case "sign":
		commitment, err := hex.DecodeString(rest[3])
		check(err)
		one := bytesField(named(rest, 4), 3, commitment)
		texts, _, counts := fields(call(target, "/signer.Signer/BatchSign", bytesField(nil, 1, one)))
		say(map[string]any{"signatures": counts[1], "signature": hex.EncodeToString(texts[1])})
	default:
		check(fmt.Errorf("unknown command %s", command))
	}
}
