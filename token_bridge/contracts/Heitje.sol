// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {AccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

/// @title Heitje: the public mirror of a scheme's ledger.
/// @notice One token is one cent of a Heitje, 100 cents are one Heitje, one Heitje is one euro in the pool.
/// Anyone can check: supply = minted - redeemed, and no issuer minted more than it funded.
/// @dev A closed loop. Addresses are keyless; only the settler moves balances. There is no proxy: a new contract
/// starts with an opening batch. Every operation carries an id that works once.
contract Heitje is ERC20, AccessControlDefaultAdminRules, Pausable {
    /// A move of a batch; in net mode one end is always `CLEARING`.
    struct Move {
        address from;
        address to;
        uint256 cents;
    }

    struct Funding {
        bytes32 issuer;
        uint256 cents;
    }

    struct Issue {
        bytes32 issuer;
        address to;
        uint256 cents;
    }

    /// Coins that turn into euros again. `issuer` is zero when a shop redeems: coins of all issuers are alike.
    struct Redemption {
        bytes32 issuer;
        address from;
        uint256 cents;
    }

    /// Records funding: raises how much an issuer may mint.
    bytes32 public constant TREASURER = keccak256("heitje.treasurer");
    /// Mints, settles, redeems.
    bytes32 public constant SETTLER = keccak256("heitje.settler");
    /// Says which addresses may hold Heitjes.
    bytes32 public constant REGISTRAR = keccak256("heitje.registrar");
    bytes32 public constant PAUSER = keccak256("heitje.pauser");

    /// Net batches pass through here, so that nobody can read who paid whom. Empty after every batch.
    address public constant CLEARING = address(uint160(uint256(keccak256("heitje.clearing"))));

    /// A batch of this size stays well below the gas cap of one transaction.
    uint256 public constant MAX_LINES = 250;

    mapping(bytes32 issuer => uint256 cents) public funded;
    mapping(bytes32 issuer => uint256 cents) public minted;
    mapping(bytes32 issuer => uint256 cents) public redeemed;
    uint256 public totalFunded;
    uint256 public totalMinted;
    uint256 public totalRedeemed;

    mapping(address account => bool) public allowed;

    /// What an operation id was used for: keccak256 of the whole call; zero when it was not.
    mapping(bytes32 id => bytes32 digest) public processed;

    event Processed(bytes32 indexed id, bytes32 digest);
    event Allowed(address indexed account, bool allowed);
    event Funded(bytes32 indexed id, bytes32 indexed issuer, uint256 cents);
    event Minted(bytes32 indexed id, bytes32 indexed issuer, address indexed to, uint256 cents);
    event Redeemed(bytes32 indexed id, bytes32 indexed issuer, address indexed from, uint256 cents);
    /// `root` is the Merkle root of the transfers behind the moves, in net mode too.
    event BatchSettled(bytes32 indexed id, bytes32 root, uint256 count, uint256 volume);

    error AlreadyProcessed(bytes32 id, bytes32 digest);
    error WrongSize(uint256 count, uint256 maximum);
    error NotAllowListed(address account);
    error AboveFunded(bytes32 issuer, uint256 funded, uint256 minted);
    error ClearingNotZero(uint256 cents);
    error ClosedLoop();

    /// Uses up `id`, and refuses an empty or too long operation.
    modifier once(bytes32 id, uint256 count) {
        if (count == 0 || count > MAX_LINES) revert WrongSize(count, MAX_LINES);
        bytes32 earlier = processed[id];
        if (earlier != 0) revert AlreadyProcessed(id, earlier);
        bytes32 digest = keccak256(msg.data);
        processed[id] = digest;
        _;
        emit Processed(id, digest);
    }

    constructor(
        string memory name_,
        string memory symbol_,
        uint48 adminDelay,
        address admin,
        address treasurer,
        address settler,
        address registrar,
        address pauser
    ) ERC20(name_, symbol_) AccessControlDefaultAdminRules(adminDelay, admin) {
        _grantRole(TREASURER, treasurer);
        _grantRole(SETTLER, settler);
        _grantRole(REGISTRAR, registrar);
        _grantRole(PAUSER, pauser);
        allowed[CLEARING] = true;
        emit Allowed(CLEARING, true);
    }

    function decimals() public pure override returns (uint8) {
        return 2;
    }

    /// @notice Let accounts hold Heitjes.
    function allow(bytes32 id, address[] calldata accounts) external onlyRole(REGISTRAR) once(id, accounts.length) {
        _setAllowed(accounts, true);
    }

    /// @notice Freeze accounts: nothing comes in or goes out.
    function disallow(bytes32 id, address[] calldata accounts)
        external
        onlyRole(REGISTRAR)
        once(id, accounts.length)
    {
        _setAllowed(accounts, false);
    }

    /// @notice Record euros that came into the pool: issuers may mint as much.
    function recordFunding(bytes32 id, Funding[] calldata fundings)
        external
        onlyRole(TREASURER)
        once(id, fundings.length)
    {
        for (uint256 i = 0; i < fundings.length; ++i) {
            Funding calldata funding = fundings[i];
            funded[funding.issuer] += funding.cents;
            totalFunded += funding.cents;
            emit Funded(id, funding.issuer, funding.cents);
        }
    }

    /// @notice Mint Heitjes, never above what their issuer funded.
    function mint(bytes32 id, Issue[] calldata issues) external onlyRole(SETTLER) once(id, issues.length) {
        for (uint256 i = 0; i < issues.length; ++i) {
            Issue calldata issue = issues[i];
            uint256 total = minted[issue.issuer] + issue.cents;
            if (total > funded[issue.issuer]) revert AboveFunded(issue.issuer, funded[issue.issuer], total);
            minted[issue.issuer] = total;
            totalMinted += issue.cents;
            _mint(issue.to, issue.cents);
            emit Minted(id, issue.issuer, issue.to, issue.cents);
        }
    }

    /// @notice Move balances: all or nothing.
    function settleBatch(bytes32 id, bytes32 root, Move[] calldata moves)
        external
        onlyRole(SETTLER)
        once(id, moves.length)
    {
        uint256 volume = 0;
        for (uint256 i = 0; i < moves.length; ++i) {
            Move calldata move = moves[i];
            _transfer(move.from, move.to, move.cents);
            volume += move.cents;
        }
        uint256 left = balanceOf(CLEARING);
        if (left != 0) revert ClearingNotZero(left);
        emit BatchSettled(id, root, moves.length, volume);
    }

    /// @notice Burn Heitjes that were paid out in euros.
    function redeem(bytes32 id, Redemption[] calldata redemptions)
        external
        onlyRole(SETTLER)
        once(id, redemptions.length)
    {
        for (uint256 i = 0; i < redemptions.length; ++i) {
            Redemption calldata redemption = redemptions[i];
            redeemed[redemption.issuer] += redemption.cents;
            totalRedeemed += redemption.cents;
            _burn(redemption.from, redemption.cents);
            emit Redeemed(id, redemption.issuer, redemption.from, redemption.cents);
        }
    }

    function pause() external onlyRole(PAUSER) {
        _pause();
    }

    function unpause() external onlyRole(PAUSER) {
        _unpause();
    }

    function transfer(address, uint256) public pure override returns (bool) {
        revert ClosedLoop();
    }

    function approve(address, uint256) public pure override returns (bool) {
        revert ClosedLoop();
    }

    function transferFrom(address, address, uint256) public pure override returns (bool) {
        revert ClosedLoop();
    }

    /// The one choke point of every mint, move and burn.
    function _update(address from, address to, uint256 cents) internal override whenNotPaused {
        if (from != address(0) && !allowed[from]) revert NotAllowListed(from);
        if (to != address(0) && !allowed[to]) revert NotAllowListed(to);
        super._update(from, to, cents);
    }

    function _setAllowed(address[] calldata accounts, bool value) private {
        for (uint256 i = 0; i < accounts.length; ++i) {
            allowed[accounts[i]] = value;
            emit Allowed(accounts[i], value);
        }
    }
}
