#include "sim/apps/program.hh"
namespace ekspath { 
std::unique_ptr<Program> start_server(Netns&, ServerKind, std::uint16_t, const ProgramEnvironment&) { return nullptr; } }
