namespace GmailCluster.Data.Shards;

/// <summary>A regular file of a tar.</summary>
/// <param name="Name">Its name, without a leading <c>./</c>.</param>
/// <param name="HeaderOffset">Where its header begins.</param>
/// <param name="ContentOffset">Where its content begins.</param>
/// <param name="LengthBytes">Length of its content.</param>
internal readonly record struct TarMember(string Name, long HeaderOffset, long ContentOffset, long LengthBytes);
