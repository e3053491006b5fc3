// The names of methods that the core calls are those of bridge.proto.
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "check.h"
#include "messages.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ifstream file(argv[1]);
  std::set<std::string> declared;
  std::string line, package, service;
  while (std::getline(file, line)) {
    for (char& letter : line) {
      if (letter == ';' || letter == '(' || letter == '{') letter = ' ';
    }
    std::istringstream words(line);
    std::string kind, name;
    words >> kind >> name;
    if (kind == "package") package = name;
    if (kind == "service") service = name;
    if (kind == "rpc") declared.insert("/" + package + "." + service + "/" + name);
  }
  namespace method = microexpr::method;
  for (const char* name : {method::kInfo, method::kPut, method::kGet, method::kList, method::kDelete, method::kRemap,
                           method::kSubscribe, method::kAnalyze}) {
    CHECK(declared.count(name) == 1);
  }
  CHECK(declared.count("/microexpr.v1.LiveService/Publish") == 1);  // the editor does not call it
  CHECK_EQUAL(declared.size(), 9);
  return report_checks();
}
