// The server inside the test process, for tests that are compiled as the engine compiles: none of the core's headers.
#pragma once

#include <cstdint>
#include <vector>

namespace FakeBridge
{
	// A new server, which the next clients reach.
	void Begin();
	void Recreate(const char* StoreId);
	void Commit(const char* TakeId, int Chunks, int Seed = 0);
	// Its content cannot be read.
	void CommitDamaged(const char* TakeId);
	void Remove(const char* TakeId);
	void LiveHeader(std::uint64_t Subject, const char* Name, const std::vector<const char*>& Controls);
	void LiveFrame(std::uint64_t Subject, double Time, const std::vector<float>& Values);
	void LiveEnd(std::uint64_t Subject);
	void SetDown(bool bDown);
	void BreakNow();
	// What every subscription is answered from now on: the token is wrong.
	void RefuseToken();
	// Fetches and lists say nothing until they are cancelled.
	void Hang();
	std::size_t OpenStreams();
}
