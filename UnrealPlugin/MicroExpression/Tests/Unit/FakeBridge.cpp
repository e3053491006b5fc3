#include "FakeBridge.h"

#include <memory>
#include <string>

#include "fake_server.h"
#include "messages.h"

namespace
{
	std::shared_ptr<FakeServer>& Server()
	{
		static std::shared_ptr<FakeServer> Current;
		return Current;
	}
}

namespace FakeBridge
{
	void Begin()
	{
		Server() = std::make_shared<FakeServer>();
		FakeServer::reachable(Server());
	}
	void Recreate(const char* StoreId)
	{
		Server()->recreate(StoreId);
	}
	void Commit(const char* TakeId, int Chunks, int Seed)
	{
		Server()->commit(TakeId, samples::take(Chunks, Seed));
	}
	void CommitDamaged(const char* TakeId)
	{
		samples::Parts Parts = samples::take(1);
		Parts[1] = "\xff\xff";
		Server()->commit(TakeId, Parts);
	}
	void Remove(const char* TakeId)
	{
		Server()->remove(TakeId);
	}
	void LiveHeader(std::uint64_t Subject, const char* Name, const std::vector<const char*>& Controls)
	{
		Server()->live_header(Subject, Name, {Controls.begin(), Controls.end()});
	}
	void LiveFrame(std::uint64_t Subject, double Time, const std::vector<float>& Values)
	{
		Server()->live_frame(Subject, Time, Values);
	}
	void LiveEnd(std::uint64_t Subject)
	{
		Server()->live_end(Subject);
	}
	void SetDown(bool bDown)
	{
		Server()->set_down(bDown);
	}
	void BreakNow()
	{
		Server()->break_now();
	}
	void RefuseToken()
	{
		Server()->script(
			microexpr::method::kSubscribe, {}, {MICROEXPR_UNAUTHENTICATED, "The token is wrong: set the server's."});
	}
	void Hang()
	{
		Server()->hang(microexpr::method::kGet);
		Server()->hang(microexpr::method::kList);
	}
	std::size_t OpenStreams()
	{
		return Server()->open_streams();
	}
}
